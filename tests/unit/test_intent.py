"""Generate or edit: the eight rules, on sentences as different people write them, in English and Chinese."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intent import Decision, Message, Rules, Source, decide, from_json
from tests.support.intent_tables import (
    AS_A_CHANGE,
    AS_A_SUBJECT,
    EVERYWHERE,
    REPLY,
    RULES,
    by_picture,
    decided,
    decision_of,
    sentences,
)

HINTED = """
hi | hello! | hey easel | heya | Good Morning | yo | sup? | how are you? | are you there? | hello can you hear me?
bye | who are you? | what can you do? | help | help me | help pls | how does this work? | how do i edit a picture?
what is easel? | can you edit pictures? | can you draw? | do you speak Chinese? | is this free?
how much does it cost? | which model do you use? | what sizes can you do? | what style is this? | why are you so slow?
can u help me | i don't like it | that's ugly | hmm, not quite | 你好 | 您好！ | 嗨 | 早上好 | 晚安 | 在吗？
你是谁？ | 你会什么 | 你能做什么？ | 怎么用？ | 这个怎么用 | 帮助 | 如何使用 | 怎么改图 | 有什么功能 | 你是机器人吗
你用的什么模型？ | 收费吗 | 能修图吗？ | 为什么这么慢 | 需要多久？ | 我不喜欢 | 太丑了 | 哈囉 | 早安～ | 午安
請問你會做什麼？ | 要怎麼使用？ | 你是誰 | 有哪些功能？ | 說明 | 掰掰 | 這是什麼模型畫的？ | 可以改圖嗎？ | 你會畫畫嗎
"""
IGNORED = """
thanks | Thank you so much! | thx | ty | tysm!! | thankyou | thanks a lot, looks great | many thanks
thanks for the picture | nice! | love it | WOW so beautiful | that's amazing | sooo good | niiice | so cute 😍
perfect | great job! | good bot | well done | 10/10 | it's gorgeous | i really like how the sky turned out
the colors are stunning | that fox is adorable | exactly what I wanted | 🔥🔥 | lol | LMAO | hahaha
haha that's hilarious | 😂😂😂 | 👍🏽 | ❤️ | :D | <:catjam:123456> | ok | okay thanks | yes | no | got it | hmm | nvm
谢谢 | 谢谢你！ | 多谢 | 好的谢谢 | 哈哈哈 | 哈哈哈哈笑死我了 | 太棒了 | 真好看 | 好漂亮！ | 太美了吧 | 好可爱啊
画得真好 | 这张真好看 | 厉害 | 牛 | 666 | 绝了 | 完美！谢谢 | 我喜欢 | 好的 | 嗯嗯 | 收到 | 辛苦了 | 哇，太厉害了
这也太好看了吧 | 可以可以 | ok，谢谢 | 謝謝 | 謝謝你，畫得好棒 | 太厲害了 | 好讚 | 超讚的 | 好可愛喔 | 真的很漂亮
笑死 | 感恩 | 沒問題 | 這張好美 | 我很喜歡 | 不錯耶 | 哇賽好美
"""
UNDONE = """
undo | Undo! | undo that | please undo this | undo it pls | go back | can you go back? | go back to the previous one
revert | step back | previous picture | bring back the last one | no, go back | undo the last change | change it back
i liked the previous one better | haha undo | 恢复上一张 | 撤销 | 上一步 | 返回上一张 | 还原 | 撤回 | 变回去 | 改回来
请恢复上一张 | 能恢复上一张吗？ | 回到之前的版本 | 退回上一步 | 不要这个修改 | 復原 | 恢復上一張 | 還原上一張
回上一張 | 撤銷 | 變回去 | 可以回到上一張嗎 | 改回原本的樣子 | 還是上一張比較好
"""
NEW = """
draw me a new picture of a dog | draw me a new one with a castle | another picture of a cat please | draw a new fox
new picture: two owls | make a new image: a robot in the rain | can you draw me a different picture, a lighthouse
now draw me another picture of a fox | thanks! draw another picture of a tree | start over: a mountain lake
something completely different: a teapot | forget that, draw a horse
I don't like this one, draw another picture of a bear | let's start from scratch, a blue car
can i get another picture of the sea? | 重新画一张猫 | 另外画一张风景 | 再画一张日落的海滩
帮我重新生成一张赛博朋克城市 | 换一张新的，画个机器人 | 不要这张了，重新画一张老虎 | 画一张新的图：樱花树
画点别的，比如一座城堡 | 谢谢，另外再画一张山水画 | 换个主题，画一条龙 | 下一张画猫头鹰 | 这张不好看，重新画一张猫
重新畫一張貓 | 另外畫一張富士山 | 再畫一張夜景 | 幫我另外畫一隻柴犬 | 再來一張不同的貓 | 畫一張全新的圖，海邊的燈塔
另畫一張城堡
"""
ANOTHER = """
again | once more | another one please | one more! | nice, another one | try again | 再来一张 | 换一张 | 重新生成
再試一次 | 重畫
"""
CHANGES = """
make it night | make it nite | makeit night pls | can you make it brighter? | could you make it a bit warmer please
remove the hat | remove hat | get rid of the text | can we get rid of the fence | now with snow | with snow
without the hat | w/o the hat | but without the hat | no hat | in black and white | black and white | b&w please
zoom out | add a hat | write HELLO on it | can you write our team name at the top | label it as DRAFT
write “Happy birthday, Anna!” across the sky | put a hat on him | put sunglasses on the dog | give him a hat
replace the dog with a cat
turn it into a watercolor | change the background to a beach | the background should be blue | the sky is too dark
too dark | more contrast | less saturated please | a bit brighter | even bigger | brighter | bigger eyes
same but at night | at night | from above | as an oil painting | in the style of Van Gogh | anime style please
make the fox bigger | make her hair longer | I want it darker | fix the hands | can it be night?
could it be snowing? | what if it was raining? | how about blue? | how about at night
what would it look like in winter? | why not add a moon? | would you mind making it brighter
is it possible to make it darker | I think it should be darker | draw a hat on him | have the dog wear a hat
let him smile | paint the wall green | swap sunflowers with roses | that one but blue | a dog instead of the cat
thanks, now make it night | nice! can you add a hat? | great but remove the hat | hi can you remove the background
lol make him bald | I like it but make it darker | nice but a little too dark | again but with snow | undo the hat
everything in blue | use a warmer palette | new hat please, same picture | draw a dog in the same style
put another picture of a dog on the wall | change it to something else | 把背景换成海边 | 再亮一点 | 亮一点 | 更亮一些
可爱一点 | 颜色淡一点 | 把帽子去掉 | 去掉帽子 | 删掉后面的人 | 加个帽子 | 加上雪 | 给它戴个帽子 | 换成晚上 | 改成黑白
黑白的 | 水彩风格 | 背景换成海边 | 背景虚化 | 天空更蓝一点 | 让它下雪 | 让她笑 | 太暗了 | 有点暗 | 太亮了，调暗一点
不要帽子 | 没有帽子 | 去水印 | 能不能把帽子去掉？ | 可以亮一点吗 | 请把背景虚化 | 帮我加点雪 | 现在改成冬天
谢谢，再亮一点 | 很好看，把帽子换成红色 | 如果是晚上呢？ | 晚上的呢 | 换个背景 | 头发改成红色 | 把它变成油画
图里的猫换成狗 | 修一下手 | 再加一个月亮 | 同样的构图换成秋天 | 将背景改为森林 | thx，把背景换掉 | 把 hat 去掉
右边加一棵树 | 再亮一點 | 把背景換成海邊 | 拿掉帽子 | 幫我把帽子拿掉 | 加一頂帽子 | 可以幫我調亮一點嗎？ | 讓牠笑
好讚，再加點雪 | 謝謝，換成冬天 | 頭髮換成金色 | 去背 | 把這張變成水彩畫 | 請移除後面的路人 | 不要眼鏡 | 改成動漫風
幫牠戴帽子 | 如果下雪呢 | thanks！再亮一點 | 背景模糊 | 改成直式 | 要紅色的 | 戴上墨鏡
"""
FRESH = """
a writer at the sea | letter on the table | a dog writing a letter
a cat on a bicycle | draw a dog | draw me a cat | a red fox in the snow | night market in Taipei
a man removing his hat | man removing his hat | a house with a red door, make it photorealistic
an astronaut riding a horse, in the style of Monet | a girl with a hat and a dog next to her | hi, draw me a cat
hello, please draw a tree | can you draw a lighthouse? | could you make me a logo for a bakery
show me a robot playing chess | I want a picture of a dragon | i'd like a mountain lake | give me a spaceship
thanks! draw a dog | nice, now draw a castle | now draw a dog | now a dog | the Eiffel Tower at night
the great wave off Kanagawa with cats | in the jungle, a tiger sleeps | old man with a white beard | the last unicorn
cozy cabin in the woods, more snow, warm light | darker than night, a raven | two knights fighting | draw the moon
what would a cat in space look like? | how about a cat on a bicycle | hello kitty in space | cool dude with sunglasses
great white shark | help wanted sign on a shop window | 🦊 | happy birthday card with balloons
logo for a coffee shop called Undo | thank you card with flowers | masterpiece, best quality, a dragon
1girl, solo, blue hair, looking at viewer | a city fountain that has milk instead of water
an aerial view of the Great Wall | 一只猫 | 画一只狗 | 一只骑自行车的猫 | 帮我画一只熊猫 | 你好，画一只猫 | 夜市
台北夜市 | 把酒问青天 水墨画 | 一个戴帽子的女孩 | 太空人在月球上骑马 | 太阳花田 | 没有人的街道
青蛙变成王子的故事插画 | 我想要一张日出的照片 | 给我画一只会飞的猪 | 来一张猫咪的图 | 谢谢，画一只狗
谢谢，下面画一只熊 | 好看的女孩 | 牛在草地上吃草 | 加拿大的秋天 | 旋转木马 | 放大镜下的蚂蚁 | 将军骑着白马 | 变形金刚
再见康桥 | 多云的天空下的草原 | 黑白照片里的老街 | 可不可以画一只恐龙 | 更美好的明天 海报 | 一隻貓 | 畫一隻柴犬
幫我畫一張台北101的夜景 | 騎腳踏車的貓 | 請幫我畫一隻恐龍 | 哈囉，畫一隻兔子 | 一杯珍珠奶茶 | 可以畫一隻貓嗎？
謝謝，再幫我畫一隻狗
"""


@pytest.mark.parametrize("text", sentences(HINTED))
def test_greetings_and_questions_get_a_hint_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("hint", 3)}


@pytest.mark.parametrize("text", sentences(IGNORED))
def test_thanks_praise_and_laughter_get_no_picture_anywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("ignore", 3)}


@pytest.mark.parametrize("text", sentences(UNDONE))
def test_undo_goes_back_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("undo", 3)}


@pytest.mark.parametrize("text", sentences(NEW))
def test_words_for_a_new_picture_generate_whatever_pictures_there_are(text: str) -> None:
    assert decided(text, *EVERYWHERE) == {("generate", 4)}


@pytest.mark.parametrize("text", sentences(ANOTHER))
def test_another_one_is_no_prompt(text: str) -> None:
    assert decision_of(text, REPLY) == Decision("generate", 4, repeat=True)


@pytest.mark.parametrize("text", sentences(CHANGES))
def test_changes_edit_the_picture_there_is(text: str) -> None:
    assert by_picture(text) == AS_A_CHANGE


@pytest.mark.parametrize("text", sentences(FRESH))
def test_fresh_subjects_generate_unless_a_picture_is_given(text: str) -> None:
    assert by_picture(text) == AS_A_SUBJECT


@pytest.mark.parametrize(
    ("message", "decision"),
    [
        (Message("night", "edit", attached=1, replied=1, recent=True), Decision("edit", 1, "attached")),
        (Message("night", "edit", replied=1, recent=True), Decision("edit", 1, "replied")),
        (Message("night", "edit", recent=True), Decision("edit", 1, "recent")),
        (Message("thanks", "edit", recent=True), Decision("edit", 1, "recent")),
        (Message("night", "edit"), Decision("hint", 1, hint="give_picture")),
        (Message("a fox", "imagine"), Decision("generate", 2)),
        (Message("make it night", "imagine", replied=1, recent=True), Decision("generate", 2)),
        (Message("undo", "imagine"), Decision("generate", 2)),
        (Message("a fox", "imagine", attached=1, replied=1), Decision("edit", 2, "attached")),
        (Message("make it night", attached=1, replied=1), Decision("edit", 5, "attached")),
        (Message("make it night", replied=2, replied_by="other"), Decision("edit", 6, "replied")),
        (Message("make it night", recent=True), Decision("generate", 8)),
        (Message("", attached=1), Decision("ignore", 8)),
        (Message(" ", attached=1, where="thread"), Decision("ignore", 8)),
        (Message("", attached=1, where="dm"), Decision("hint", 8, hint="what_to_change")),
        (Message("", replied=1, replied_by="other"), Decision("hint", 8, hint="what_to_change")),
        (Message(""), Decision("hint", 3, hint="help")),
        (Message("..."), Decision("ignore", 3)),
        (Message("???"), Decision("hint", 3, hint="help")),
        (Message("hello, who are you?"), Decision("hint", 3, hint="help")),
        (Message("hi"), Decision("hint", 3, hint="small_talk")),
        (Message("i don't like it", replied=1), Decision("hint", 3, hint="what_to_change")),
        (Message("make it night " * 3000, replied=1), Decision("edit", 6, "replied")),
    ],
)
def test_where_the_picture_comes_from_and_what_is_hinted(message: Message, decision: Decision) -> None:
    assert decide(message, RULES) == decision


def test_a_further_language_is_only_data() -> None:
    rules = Rules(
        {"es": {"spaced": True, "fold": "ñn", "undo": ["deshacer", "<otra> señal"], "words": {"otra": ["otra", "una"]}}}
    )

    assert decide(Message("Una senal!"), rules).decision == "undo"
    assert decide(Message("DESHACER, otra señal"), rules).decision == "undo"
    assert decide(Message("deshacerlo"), rules).decision == "generate"


messages = st.builds(
    Message,
    st.lists(st.sampled_from(sentences(HINTED + UNDONE + NEW + CHANGES + FRESH)) | st.text(max_size=9), max_size=9).map(
        " ".join
    ),
    st.sampled_from([None, "imagine", "edit"]),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from([None, "easel", "other"]),
    st.booleans(),
    st.sampled_from(["server", "dm", "thread"]),
)


@given(messages)
def test_every_decision_makes_sense(message: Message) -> None:
    decision = decide(message, RULES)

    assert 1 <= decision.rule <= 8
    assert (decision.decision == "hint") == (decision.hint is not None)
    assert (decision.decision == "edit") == (decision.source is not None)
    assert decision.source is None or getattr(message, decision.source)
    assert message.command is None or (decision.rule <= 2 and decision.decision != "undo")
    assert not decision.repeat or decision.decision == "generate"
    assert decision.source in (None, *get_args(Source))


@given(messages)
def test_a_message_survives_json(message: Message) -> None:
    assert from_json(json.dumps(dataclasses.asdict(message))) == message


def test_json_needs_only_the_text() -> None:
    assert from_json('{"text": "a fox"}') == Message("a fox")
    assert decide(Message("a fox"), RULES).as_dict() == {"decision": "generate", "rule": 8}


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ("{", "This line is not JSON."),
        ("[" * 100_000, "This line is not JSON."),
        ("[]", 'This line is not a JSON object with a "text".'),
        ({"attached": 1}, 'This line is not a JSON object with a "text".'),
        ({"text": "", "size": 1}, 'Unknown key "size".'),
        ({"text": None}, '"text" must be text, not null.'),
        ({"text": "", "attached": -1}, '"attached" must be a whole number, 0 or larger, not -1.'),
        ({"text": "", "replied": True}, '"replied" must be a whole number, 0 or larger, not true.'),
        ({"text": "", "recent": 1}, '"recent" must be true or false, not 1.'),
        ({"text": "", "command": "draw"}, '"command" must be null or "imagine" or "edit", not "draw".'),
        ({"text": "", "where": None}, '"where" must be "server" or "dm" or "thread", not null.'),
        ({"text": "", "replied_by": ["x"]}, '"replied_by" must be null or "easel" or "other", not ["x"].'),
    ],
)
def test_wrong_json_is_named(given_: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        from_json(given_ if isinstance(given_, str) else json.dumps(given_))
    assert str(caught.value) == sentence
