"""Which answers of a language model are used: prompts, sentences, explanations and descriptions, checked one by one."""

from __future__ import annotations

import contextlib
import time

import pytest

from bot.prompts.answers import Unfit, acknowledgement, description, explanation, prompt

FOX = "a red fox in the snow"


def why(kind: str, asked: str, answer: object) -> str:
    """Return why a prompt is not used."""
    assert kind in ("generate", "edit")
    with pytest.raises(Unfit) as caught:
        prompt("edit" if kind == "edit" else "generate", asked, answer)
    return str(caught.value)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (FOX, "A red fox trotting through deep snow at dusk, low sun, long blue shadows, telephoto, muted colours"),
        ("3 cats", "Three cats on a window sill in morning light"),
        ("here is my cat as a king", "Here is a cat as a king, on a golden throne"),
        ("画一只雪中的红狐狸", "一只红狐狸站在厚厚的雪地里，夕阳，长长的蓝色影子"),
        ("a sign that says “OPEN 24 HOURS”", 'A neon sign reading "OPEN 24 HOURS" over a diner at night'),
        ("a Corvette from 1967, 50mm", "A red Corvette from 1967 on a coast road, shot with a 50mm lens"),
        ("a knight (shiny:1.2), [dog:cat:0.5]", "A tall knight (shiny:1.2) with a [dog:cat:0.5] beside him"),
        ("great white shark", "Great white shark breaching at dawn"),
        ("the google.com page as a painting", "An oil painting of the google.com page"),
        ("１２００ birds", "A sky with 1200 birds"),
        ("👩‍🎨 at work", "A 👩‍🎨 at work in a studio"),
    ],
)
def test_a_prompt_that_keeps_what_was_named_is_used_as_it_is(asked: str, answer: str) -> None:
    assert prompt("generate", asked, answer) == answer


def test_a_prompt_becomes_one_line() -> None:
    assert prompt("generate", FOX, "  A red fox\n\nin deep\u3000snow ") == "A red fox in deep snow"


def test_a_lora_the_model_dropped_is_put_back() -> None:
    assert prompt("generate", "a fox <lora:ink:0.8>", "A fox in ink") == "A fox in ink <lora:ink:0.8>"
    kept = "<lora:ink:0.8> A fox in ink"
    assert prompt("generate", "a fox <lora:ink:0.8>", kept) == kept


@pytest.mark.parametrize("answer", ["", "   ", None, [], 7])
def test_nothing_is_no_prompt(answer: object) -> None:
    assert why("generate", FOX, answer) == "empty"


@pytest.mark.parametrize(
    "answer",
    [
        "Sure! A red fox in the snow",
        "Sure thing! A red fox",
        "Here's your improved prompt: a red fox",
        "Here is a prompt",
        "**Enhanced prompt:** a red fox in the snow",
        "Prompt: a red fox in the snow",
        "I've rewritten it: a red fox",
        "当然，一只红狐狸",
        "以下是优化后的提示词：一只狐狸",
        "提示词：一只狐狸",
        "もちろん、赤い狐",
        "Natürlich! Ein roter Fuchs",
        "Hier ist dein Prompt",
        "Bien sûr ! Un renard roux",
        "Voici le prompt",
        "¡Claro! Un zorro rojo",
        "Aquí tienes un zorro",
    ],
)
def test_talk_is_no_prompt(answer: str) -> None:
    assert why("generate", FOX, answer.replace(" !", "!").replace("¡", "")) == "talk"


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I’m really sorry",
        "Sorry, no.",
        "I cannot create this image",
        "I can't do that",
        "As an AI, I do not draw",
        "Unfortunately this is against the rules",
        "很抱歉，我无法满足这个请求",
        "對不起，這不行",
        "我无法生成这样的图片",
        "申し訳ありませんが",
        "Es tut mir leid, das geht nicht",
        "Leider nein",
        "Désolé, je ne peux pas",
        "Je ne peux pas faire cela",
        "Lo siento, no puedo",
    ],
)
def test_a_refusal_is_no_prompt(answer: str) -> None:
    assert why("generate", FOX, answer) == "refused"


@pytest.mark.parametrize(
    ("asked", "answer", "reason"),
    [
        ('a sign saying "OPEN"', "A neon sign over a diner", "lettering lost"),
        ("写着「福」的红纸", "红纸上写着“寿”字", "lettering lost"),
        ("Schild „Zu vermieten“", "Ein altes Schild „Zu verkaufen“", "lettering lost"),
        ("a street in 1967", "A street in the sixties", "number lost"),
        ("a knight (shiny:1.2)", "A shiny knight", "mark lost"),
        ("a knight --hd", "A knight in high definition", "mark lost"),
        (FOX, "A fox <lora:evil:1>", "mark invented"),
        ("a fox <lora:ink:0.8>", "A fox <lora:ink:1.0>", "mark invented"),
        (FOX, "A fox (fluffy:1.4) in snow", "mark invented"),
        (FOX, "A fox in snow --ar 16:9", "mark invented"),
        (FOX, "A red fox, see https://example.org/fox", "address"),
        (FOX, '{"prompt": "a red fox"}', "not a prompt"),
        (FOX, "A fox\x1b[31m in red", "control characters"),
        (FOX, "A fox \u202e in red", "control characters"),
        (FOX, "fox " * 1000, "long"),
    ],
)
def test_a_prompt_that_lost_or_added_something_is_not_used(asked: str, answer: str, reason: str) -> None:
    assert why("generate", asked, answer) == reason


def test_an_edit_stays_an_instruction() -> None:
    found = "Change the time of day to night, with stars and a warm light in the windows; keep everything else as it is"
    assert prompt("edit", "make it night", found) == found
    assert why("edit", "make it night", "A photo of a house at night under the stars") == "describes the whole picture"
    assert why("edit", "make it night", "The image shows a house at night") == "describes the whole picture"
    assert why("edit", "make it night", "In this image, featuring a house") == "describes the whole picture"
    assert why("edit", "改成夜晚", "画面中是一座夜晚的房子") == "describes the whole picture"
    assert why("edit", "make it night", "Make it night. " * 40) == "long"
    same = "a photo of my dog instead of the cat, on the same chair"
    assert prompt("edit", "a photo of my dog instead of the cat", same) == same
    assert prompt("generate", "my house", "A photo of a house by a lake") == "A photo of a house by a lake"


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "Here's your red fox, fresh from the snow!"),
        ("en", "Your fox is ready, enjoy the snow 🦊❄️"),
        ("en", "Here is your 龙 in the clouds."),
        ("zh-CN", "这是你要的雪中红狐狸，希望你喜欢！"),
        ("zh-CN", "你的 Cyberpunk Samurai 画好了！"),
        ("zh-TW", "這是你要的雪中紅狐狸，希望你喜歡！"),
        ("ja", "雪の中の赤い狐ができました！"),
        ("de", "Hier ist dein Fuchs im Schnee!"),
        ("fr", "Voici ton renard dans la neige\u202f!"),
        ("es", "¡Aquí tienes tu zorro en la nieve!"),
        ("xx", "Anything in a language nobody here knows"),
    ],
)
def test_a_friendly_sentence_is_used(language: str, answer: str) -> None:
    assert acknowledgement(f" {answer}\n", language) == answer.replace("\u202f", " ")


@pytest.mark.parametrize(
    ("language", "answer", "reason"),
    [
        ("en", "", "length"),
        ("en", "fox " * 60, "length"),
        ("en", "Here is your fox.\nEnjoy!", "several lines"),
        ("en", "Here is your fox. Enjoy the snow!", "several sentences"),
        ("zh-CN", "画好啦。希望你喜欢！", "several sentences"),
        ("en", "Here is your fox, shall I change the size?", "question"),
        ("en", "Here is your fox, I'll draw more of them", "promise"),
        ("en", "Here is your fox, let me know what to change", "promise"),
        ("zh-CN", "狐狸画好了，有需要请告诉我", "promise"),
        ("en", "Here is your fox, see https://example.org", "address"),
        ("en", "Here is your fox from example.com", "address"),
        ("en", "Hey @everyone, here is a fox", "formatting"),
        ("en", "Hey <@1234>, here is a fox", "formatting"),
        ("en", "# Your fox", "formatting"),
        ("en", "**Your fox** is here", "formatting"),
        ("en", "[Your fox](x) is here", "address"),
        ("en", "Your fox \u202e is here", "control characters"),
        ("en", "I'm sorry, I can't say that", "refused"),
        ("en", "这是你的狐狸", "language"),
        ("en", "Вот твоя лиса", "language"),
        ("zh-CN", "Here is your fox!", "language"),
        ("zh-CN", "這是你要的狐狸！", "language"),
        ("zh-TW", "这是你要的狐狸！", "language"),
        ("zh-CN", "雪の中の狐です", "language"),
        ("ja", "这是你的狐狸", "language"),
        ("ja", "Here is your fox", "language"),
    ],
)
def test_any_other_sentence_is_not_used(language: str, answer: str, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        acknowledgement(answer, language)
    assert str(caught.value) == reason


BUSY = "The engine cloud is too busy right now. Please try again in a moment."
LATE = "The engine home_gpu did not finish within 600 seconds, so I stopped waiting. Please try again later."
UNKNOWN = "The engine cloud has no model called “sdxl turbo”. It has, for example: flux-1, SDXL."
CHINESE = "引擎 cloud 没有名为“梦”的模型。可用的例如：flux。"


@pytest.mark.parametrize(
    ("sentence", "language", "answer"),
    [
        (BUSY, "en", "Oh dear, cloud has its hands full just now. Please try again in a moment!"),
        (LATE, "en", "I waited 600 seconds for home_gpu and then gave up. Please try again later."),
        (UNKNOWN, "en", "Hm, cloud knows no model “sdxl turbo”. It does have flux-1 and SDXL."),
        (CHINESE, "zh-CN", "哎呀，cloud 里找不到“梦”这个模型，可以试试 flux。"),
    ],
)
def test_other_words_for_the_same_are_used(sentence: str, language: str, answer: str) -> None:
    assert explanation(sentence, answer, language) == answer


@pytest.mark.parametrize(
    ("sentence", "language", "answer", "reason"),
    [
        (BUSY, "en", "The engine is busy. Please try again in a moment.", "name lost"),
        (LATE, "en", "I waited for home_gpu for quite a while. Please try again later.", "other numbers"),
        (LATE, "en", "I waited 10 minutes for home_gpu and gave up. Please try again later.", "other numbers"),
        (BUSY, "en", "The engine cloud is busy. Try again in 5 minutes.", "other numbers"),
        (UNKNOWN, "en", "Sadly, cloud has no such model. It has flux-1 and SDXL.", "name lost"),
        (CHINESE, "zh-CN", "cloud 没有“梦”这个模型。", "name lost"),
        (BUSY, "en", "The engine cloud is busy, I'll try again for you.", "promise"),
        (BUSY, "en", "The engine cloud is busy. Shall we try again?", "question"),
        (BUSY, "en", "The engine **cloud** is busy. Please try again.", "formatting"),
        (BUSY, "en", "cloud is busy, see https://status.example.org", "address"),
        (BUSY, "en", "cloud cloud " * 60, "length"),
        (BUSY, "zh-CN", "The engine cloud is busy. Please try again.", "language"),
        (BUSY, "en", "", "length"),
    ],
)
def test_other_words_for_something_else_are_not_used(sentence: str, language: str, answer: str, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        explanation(sentence, answer, language)
    assert str(caught.value) == reason


def test_what_the_caller_knows_to_be_a_name_stays_too() -> None:
    sentence = "You can use sketch instead."
    assert explanation(sentence, "Try another one instead.", "en") == "Try another one instead."
    with pytest.raises(Unfit, match="name lost"):
        explanation(sentence, "Try another one instead.", "en", keep=("sketch", "not in it"))


def test_a_description_has_at_most_four_sentences_on_one_line() -> None:
    told = "A fox in snow. It looks left.\nThe sun is low! Behind it is a barn. A bird flies by. It is cold."
    assert description(told, "en") == "A fox in snow. It looks left. The sun is low! Behind it is a barn."
    assert description("雪地里有一只狐狸。它看着左边。太阳很低。后面是谷仓。还有一只鸟。", "zh-CN").endswith(
        "后面是谷仓。"
    )
    assert description("A fox.", "en") == "A fox."


def test_a_description_is_no_link_and_never_endless() -> None:
    assert description('A poster reads "https://example.org/win".', "en") == 'A poster reads "example.org/win".'
    found = description("fox, " * 1000, "en")
    assert len(found) == 1200
    assert found.endswith("…")


@pytest.mark.parametrize(
    ("language", "answer", "reason"),
    [
        ("en", "I'm sorry, I can't describe this.", "refused"),
        ("en", "I can't help with identifying people.", "refused"),
        ("zh-CN", "抱歉，我无法描述这张图片。", "refused"),
        ("zh-CN", "A fox in the snow.", "language"),
        ("en", "雪地里有一只狐狸。", "language"),
        ("en", " ", "empty"),
        ("en", "A fox \x07.", "control characters"),
    ],
)
def test_a_refusal_is_no_description(language: str, answer: str, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        description(answer, language)
    assert str(caught.value) == reason


@pytest.mark.parametrize("piece", ["(", "[", '"', "'", "<a:", "“", "--a", "1", "a ", "engine ", "[a:", "(a:"])
def test_no_text_makes_the_checks_slow(piece: str) -> None:
    hostile = (piece * 3000)[:2000]
    spent = time.process_time()
    with contextlib.suppress(Unfit):
        prompt("generate", hostile, hostile + " x")
    with contextlib.suppress(Unfit):
        explanation(hostile, hostile, "en")
    with contextlib.suppress(Unfit):
        description(hostile, "en")
    assert time.process_time() - spent < 10  # 0.1 s at most, on a busy machine too; a runaway pattern takes for ever
