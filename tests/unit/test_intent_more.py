"""The eight rules on harder English and Chinese: typing errors, slang, two languages, subjects like orders."""

from __future__ import annotations

import pytest

from bot.intent import Decision
from tests.support.intent_tables import (
    AS_A_CHANGE,
    AS_A_SUBJECT,
    CONVERSATIONS,
    EVERYWHERE,
    RECENT,
    REPLY,
    by_picture,
    decided,
    decision_of,
    sentences,
)

HINTED = """
heyyy | hi there bot! | wyd | whos a good bot? | what are you | u there? | how do i use this thing | halp
can you even draw? | i dont get it | thats kinda ugly ngl | this aint it | good evening friend
what commands do you have | how do i make you edit my photo? | r u a bot | what am i supposed to type?
idk how this works | not a fan | thats awful lol | hmm no thats not it | wassup bot
哈喽在不在 | 你好呀小助手 | 你能干啥 | 这玩意咋用啊 | 这啥啊太丑了吧 | 不太行 | 你是真人吗 | 早啊 | 你们有什么风格
怎么充值 | 帮个忙呗 | 不怎么样 | 这也太丑了
哈囉你好 | 安安 | 在嗎在嗎 | 這個要怎麼玩 | 你可以幹嘛 | 好醜喔 | 不是我要的 | 早安呀 | 你們有什麼風格 | 要怎麼改圖
不怎麼樣 | 你是真人嗎
"""
IGNORED = """
thx m8 | tysm ily | thanks a bunch!! | looks sick bro | thats fire 🔥 | omg i love it sm | the lighting is amazing | W
absolute banger | this slaps | good stuff, cheers | that turned out really well
oh wow the detail on the fur is incredible | no worries, thanks anyway | kk | thank you kindly! | tyvm | goat
ur the goat | sheesh | no way 😭 | that's so funny | bahahaha | oh my god it's perfect | looking good! | ok cool
sounds good | all good | noice | it's beautiful, thank you so much | the hat is hilarious
谢啦！ | 太牛了吧 | 笑不活了 | 光影真的绝 | 背景好美啊 | 这只猫也太可爱了 | 好滴 | 感谢大佬 | 真不戳 | awsl
谢谢啊，真好看 | 爱了爱了 | 太会画了 | 光线太美了吧 | 好家伙 | 嗯可以 | 就是这个感觉 | 眼睛画得好漂亮 | 笑死我了哈哈
謝囉 | 超可愛der | 笑爛 | 光線好漂亮 | 讚啦 | 太神啦 | 好喔 | 感謝大大 | 這隻狗好萌 | 美哭了 | 謝謝你～好漂亮 | 愛了愛了
太會畫了吧 | 光影超美 | 眼睛畫得好漂亮 | 就是這個感覺 | 嗯可以 | 屌欸 | 好強喔
"""
UNDONE = """
undo plz | can u undo that | pls go back to the last one | revert to the original | put it back how it was
previous version please | undo last edit | go back one | can you revert that change? | bring back the original
i preferred the original | nvm undo | ctrl+z
撤回刚才的修改 | 还是原来那张好 | 退回去 | 回到上一版 | 返回上一步 | 撤销刚才的操作 | 恢复原图
復原剛剛的修改 | 變回原本那張 | 退回上一步 | 還是之前那張好看 | 返回上一步 | 還原剛才的操作 | 回到上一個版本
"""
NEW = """
ok new pic: a dragon eating ramen | draw another picture, this time of a lighthouse
now something totally different: a tea party | can you do a new image of a rocket | scrap that, draw me a wolf
next picture: a snowy village | different idea: a cat astronaut | new image: two cats
make me another picture of a cat wearing boots | ok forget that. a sunset over tokyo
let's try something else: a jellyfish | could I have a new picture, maybe of a dragon?
i want a different picture, a harbour
重新画一个，要机器人 | 再来张新的：雪山 | 换个主题，海底世界 | 另外给我画张狐狸 | 再画一张，这次要狗
重新生成一张图，主题是太空 | 不要这个了，画只老虎
重新畫一隻貓 | 幫我畫一張新的，主題是海邊 | 換個主題，畫一台飛船 | 另外再畫一張夜市 | 再畫一張，這次要狗
重新生成一張，主題是太空 | 不要這張了，畫一隻老虎
"""
ANOTHER = """
one more pls | gimme another | do it again | reroll
"""
CHANGES = """
make teh sky purple | mkae it darker | remvoe the hat | can u add a moustache lol | nah make it more cozy
pls delete the bg | get rid of that guy in the back | brighter pls | wayyy darker | more snow!! | less blur
i want the hat red | the hat should be red | hat is too big | his nose is too long | theres no hat
where did the moon go? add it back | its missing a tail | give the dog sunglasses | but with a cape
now do it in watercolor | same thing but anime | ghibli style | turn him into a pirate | change hair to blonde
swap the dog for a cat | put it on a beach | could it be sunset instead | what about with rain
thank you! could you also remove the sign | looks great, just make the eyes green | awesome!! but can we lose the text
flip it | crop to square | zoom in on the face | add "SALE" in big letters at the top | night
the sky needs to be more dramatic | she looks angry, make her smile | too many people | not enough contrast
without any people | lets see it in black and white | add un chapeau | make it más oscuro | remove 背景
make the background blurry | plz remove backround | can u make her eyes blue | ad a sunset | giv him a beard
change backgroud to space | turn the lights on | make him older | i'd like it more colorful | can we have it at night
could you make the cat fatter? | less people | fewer clouds please | the colors are too dull
the face looks weird, fix it | his left hand has six fingers | there are too many trees | it needs more contrast
it's a bit too dark | shouldn't the sky be blue? | the text is wrong, it should say HELLO | in winter | during sunset
on a beach | wearing a tuxedo | with sunglasses | as a cartoon | pixel art style | closer | further away | from the side
black n white | in 16:9 | no background | same but with a dog | now as a lego set | and a hat
thanks!! now the same in blue | lol now make it scary | omg love it, can you add stars?
perfect, just remove the watermark | good but the eyes should be green | nice one. bit brighter? | MAKE IT PINK
zoom out a bit | rotate it 90 degrees | crop out the guy on the left
把背景换成 beach | 再 cute 一点 | 帽子去掉谢谢 | 加个墨镜呗 | 少了一顶帽子 | 帽子不见了 | 眼睛画歪了 | 手指多了一根
能不能别这么暗 | 亮点儿 | 天太黑了 | 给狗子戴个帽子 | 人物往左一点 | 变成夜晚 | 晚上 | 改成16:9 | 衣服颜色换个蓝的
不要文字 | 谢谢！能再加个月亮吗 | 很棒，就是背景有点乱 | 可以把她的头发变长吗 | 背景再干净点 | 赛博朋克风 | 把 logo 删了
裙子改短一点 | 狗换成猫 | 换成 sunset | make 背景 blur | 加 snow | p掉路人 | 脸有点歪 | 太胖了 | 耳朵太大了
怎么没有尾巴，加上 | 让她穿红裙子 | 夜景版 | 换个角度 | 远一点 | 衣服换成黑色的 | 谢谢，不过天空再蓝一点 | 能换成竖版吗
字错了，改成“你好” | 颜色太淡 | 背景要干净 | 头发应该是黑色的
背景換成 beach | 再 chill 一點 | 帽子拿掉 | 少了帽子 | 帽子不見了 | 手指頭怪怪的 | 天空太暗了 | 把字刪掉 | 幫她加個眼鏡
亮一點啦 | 改成晚上 | 晚上 | 可以不要帽子嗎 | 謝謝～可以再加一隻狗嗎 | 很美，但是背景太亂 | 換成水彩 | 顏色鮮豔一點
讓他笑開一點 | 構圖一樣，換成下雨天 | 把 logo 移到左上角 | 頭髮長一點 | 水彩風 | 衣服改藍色 | 轉成黑白 | 裙子改短一點
狗換成貓 | 換成 sunset | 加 snow | 臉有點歪 | 太胖了 | 耳朵太大了 | 讓她穿紅裙子 | 夜景版 | 換個角度 | 遠一點
衣服換成黑色的 | 謝謝，不過天空再藍一點 | 字錯了，改成「你好」 | 顏色太淡 | 頭髮應該是黑色的 | 後面加一隻狗
可不可以再暗一點
"""
FRESH = """
help! by the beatles, album cover | die hard poster | a woman removing her hat | a robot adding two numbers
hello neighbor fanart | thank u next, ariana grande style poster | a sign that says go back | undo button icon
a dog that is brighter than the sun | bright red barn in a field | darker side of the moon album cover
more than words, two lovers | cool cat in sunglasses | nice house by the lake | a nicer world
no country for old men, western | less is more poster | now and then, two clocks | a new dawn over a ruined city
big bad wolf | love letters on a desk | change is coming protest sign | the lord of the rings but everyone is a cat
thanks! a wolf howling at the moon | plus size model on a runway | great! next, a penguin in a suit
a background singer on stage | add-on shop storefront | turn of the century paris | put option trader at a desk
cutout paper art of a city | keep calm and carry on sign | make-up artist at work | take on me music video
edit wars on a wiki, cartoon | the cat in the hat | goodbye yellow brick road | morning coffee on a balcony
so long and thanks for all the fish | lighter on a table | a blue one eyed monster | a man without a face
brighter days ahead, motivational poster | cool car | beautiful woman in a garden | nice try, comic strip
a hand removing a ring from a finger | thank you notes on a desk | hello world printed on a mug | bye bye birdie poster
happy dog | an edit button, macro photo | the art of changing tires | a girl making it rain with dollar bills | rain
a bear | the same old story, theatre poster | older brother and younger sister at the beach | a red door
red door in a white wall | small town in the mountains | lonely man at a bar | dark forest with fog | bright future city
a hat shop in london | text message bubbles on a phone | eyes of a tiger | hair salon interior
background characters in a play, oil painting | sky castle | skyline of chicago | face mask product shot
no man's sky screenshot | not all those who wander are lost, poster | yes men in suits | ok boomer meme
please draw a cat with a hat | can you please generate a knight? | another brick in the wall, album art
new york at night | new shoes on a shelf
一个正在摘帽子的女人 | 没有帽子的男孩在海边 | 跑得更快的狗 | 写着“你好”的牌子 | 谢谢卡片 | 更高的山峰上的寺庙
再别康桥 水墨画 | 换衣服的女孩 | 加油站 夜景 | 太空站 | 背景音乐乐队演出 | 改变世界的发明家 | 去年的夏天 海报
把手放在口袋里的男孩 | 黑白棋盘 | 亮闪闪的钻石 | 画一个机器人，背景是城市 | 好看的日落 | 谢谢，再画只猫
有点孤独的老人坐在长椅上 | 不存在的房间 | 红裙子的女孩 | 画个太阳 | 换装游戏界面 | 放学的孩子们 | 更衣室 | 再生纸做的花
加湿器产品图 | 一张没有人的海滩 | 太极拳大师 | 有点甜的草莓蛋糕 | 少年与狗 | 多肉植物 | 戴帽子的猫 | 在海边散步的情侣
去西天取经的唐僧 | 你好世界的霓虹灯 | 谢谢老师 贺卡 | 请画一个下雪的村庄
一個正在脫帽子的男人 | 海邊沒戴帽子的女孩 | 跑得更快的狗 | 寫著「謝謝」的招牌 | 加油站的夜景 | 太平洋上的帆船 | 變形蟲
換季的衣櫃 | 再見列車 動畫風 | 讓座的學生 | 沒有臉的人 | 調酒師在吧台 | 改裝車 | 去年的聖誕節 | 亮晶晶的星星
謝謝，畫一隻狐狸 | 請畫一隻鯨魚 | 有點憂鬱的少女 | 背包客在山上 | 放風箏的小孩 | 移動城堡 | 紅裙子的女孩 | 畫個太陽
更衣室 | 加濕器產品圖 | 太極拳大師 | 有點甜的草莓蛋糕 | 少年與狗 | 多肉植物 | 戴帽子的貓 | 在海邊散步的情侶
謝謝老師 卡片 | 放學的孩子們 | 騎車去海邊的少年 | 不要說話的告示牌 | 請畫一個下雪的村莊
"""


@pytest.mark.parametrize("text", sentences(HINTED))
def test_greetings_questions_and_dislike_get_a_hint_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("hint", 3)}


@pytest.mark.parametrize("text", sentences(IGNORED))
def test_thanks_praise_and_laughter_get_no_picture_anywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("ignore", 3)}


@pytest.mark.parametrize("text", sentences(UNDONE))
def test_undo_goes_back_everywhere(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("undo", 3)}


@pytest.mark.parametrize("text", sentences(NEW))
def test_words_for_a_new_picture_generate_whatever_pictures_there_are(text: str) -> None:
    assert decided(text, *EVERYWHERE, RECENT) == {("generate", 4)}


@pytest.mark.parametrize("text", sentences(ANOTHER))
def test_another_one_is_no_prompt(text: str) -> None:
    assert decision_of(text, REPLY) == Decision("generate", 4, repeat=True)


@pytest.mark.parametrize("text", sentences(CHANGES))
def test_changes_edit_the_picture_there_is(text: str) -> None:
    assert by_picture(text, RECENT) == AS_A_CHANGE


@pytest.mark.parametrize("text", sentences(FRESH))
def test_fresh_subjects_generate_unless_a_picture_is_given(text: str) -> None:
    assert by_picture(text, RECENT) == AS_A_SUBJECT


JAPANESE = """
手に白い花を持つ少女 | ちょっと太った猫 | 別の惑星 | 別れの駅 | 別荘 | 人物写真 | 100人以上の行列 | 用心棒 | 加藤さん
加湿器のある部屋 | 手を切るな！という注意書き | 太鼓を叩く男 | 再会
"""


@pytest.mark.parametrize("text", sentences(JAPANESE))
def test_japanese_subjects_are_not_read_as_chinese_orders(text: str) -> None:
    assert decided(text, *CONVERSATIONS) == {("generate", 8)}
