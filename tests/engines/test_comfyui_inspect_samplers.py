"""Mappings for graphs with samplers of other kinds than the usual, or several."""

from __future__ import annotations

from bot.engines.comfyui.mapping import propose
from tests.support.comfyui_known import Graph, known, node


def places(graph: Graph, role: str) -> list[str]:
    return [f"{place.node}.{place.key}" for row in propose(graph).of(role) for place in row.places]


def test_a_sampler_that_works_on_pixels() -> None:
    upscale = {"upscale_by": 2, "seed": 1, "steps": 20, "cfg": 7, "sampler_name": "euler", "scheduler": "normal"}
    links = {"image": ["10", 0], "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "vae": ["4", 2]}
    graph = known("img2img", n3=None, n8=node("UltimateSDUpscale", denoise=0.2, **upscale, **links))

    assert propose(graph).does == "edit"
    assert [places(graph, role) for role in ("image", "strength", "seed", "width")] == [
        ["10.image"],
        ["8.denoise"],
        ["8.seed"],
        [],
    ]


def test_a_second_pass_by_way_of_pixels_is_second() -> None:
    graph = known(
        "hires",
        n10=node("VAEEncode", pixels=["20", 0], vae=["4", 2]),
        n20=node("ImageScaleBy", upscale_method="lanczos", scale_by=2, image=["8", 0]),
    )

    assert propose(graph).samplers == ("3", "11")
    assert (places(graph, "width"), places(graph, "steps")) == (["5.width"], ["3.steps"])


def test_pipes_without_a_known_sampler_go_by_names() -> None:
    loader = {"positive": "a fox", "negative": "blur", "empty_latent_width": 512, "empty_latent_height": 768}
    graph = {
        "1": node("easy fullLoader", ckpt_name="x.safetensors", batch_size=1, **loader),
        "2": node("easy preSampling", steps=20, cfg=8, denoise=1, seed=3, pipe=["1", 0]),
        "3": node("easy kSampler", image_output="Save", pipe=["2", 0]),
        "4": node("SaveImage", images=["3", 1], filename_prefix="x"),
    }

    assert {role: places(graph, role) for role in ("prompt", "negative", "width", "count", "seed", "guidance")} == {
        "prompt": ["1.positive"],
        "negative": ["1.negative"],
        "width": ["1.empty_latent_width"],
        "count": ["1.batch_size"],
        "seed": ["2.seed"],
        "guidance": ["2.cfg"],
    }


def test_a_sampler_that_makes_its_own_latent() -> None:
    links = {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0]}
    graph = known(
        "sd15", n5=None, n3=node("KSamplerAlone", seed=1, steps=9, width=640, height=448, batch_size=1, **links)
    )

    assert [places(graph, role) for role in ("width", "height", "count", "steps")] == [
        ["3.width"],
        ["3.height"],
        ["3.batch_size"],
        ["3.steps"],
    ]


def test_nodes_that_give_a_model_before_both_texts_do_not_mix_them_up() -> None:
    couple = node("AttentionCouple", mode="Attention", model=["4", 0], positive=["6", 0], negative=["7", 0])
    graph = known("sd15", n20=couple)
    graph["3"]["inputs"] |= {"model": ["20", 0], "positive": ["20", 1], "negative": ["20", 2]}

    assert [places(graph, role) for role in ("prompt", "negative", "model")] == [
        ["6.text"],
        ["7.text"],
        ["4.ckpt_name"],
    ]


def test_what_is_fed_a_model_is_not_its_loader() -> None:
    motion = node("ADE_AnimateDiffLoaderWithContext", model_name="mm_sd_v14.ckpt", model=["4", 0])
    graph = known("sd15", n20=motion)
    graph["3"]["inputs"]["model"] = ["20", 0]

    assert places(graph, "model") == ["4.ckpt_name"]


def test_a_prompt_that_is_switched_off_is_told() -> None:
    graph = known("sd15", n6=node("ConditioningZeroOut", conditioning=["7", 0]))
    proposal = propose(graph)

    assert places(graph, "prompt") == []
    assert [str(remark.words) for remark in proposal.remarks] == [
        "The positive text is switched off by node 6 (ConditioningZeroOut), so a prompt has no place."
    ]
    assert len(proposal.problems) == 1


def test_pictures_that_reach_the_sampler_by_unknown_ways_are_mapped() -> None:
    graph = known("sd15", n10=node("LoadImage", image="pose.png"), n20=node("Controller", thing=["10", 0]))
    graph["3"]["inputs"]["controlnet_condition"] = ["20", 0]

    assert (propose(graph).does, places(graph, "image")) == ("edit", ["10.image"])
    assert [str(row.why) for row in propose(graph).of("image")] == ["a picture that 3 (KSampler) works with"]


def test_pictures_for_what_comes_after_the_sampler_stay() -> None:
    graph = known("sd15", n10=node("LoadImage", image="logo.png"))
    graph["20"] = node("ImageCompositeMasked", x=0, y=0, destination=["8", 0], source=["10", 0], mask=["10", 1])
    graph["9"]["inputs"]["images"] = ["20", 0]
    proposal = propose(graph)

    assert (proposal.does, places(graph, "image")) == ("generate", [])
    assert [(str(remark.words), [row.ids for row in remark.others]) for remark in proposal.remarks] == [
        (
            "Node 10 (LoadImage) keeps its own file, which must be on the ComfyUI server: no sampler works with it.",
            [("10",)],
        )
    ]


def test_samplers_that_save_their_pictures_themselves_give_them_away() -> None:
    graph = {"1": node("ttN pipeKSampler", image_output="Save", save_prefix="x", seed=1, steps=4, text="a fox")}
    proposal = propose(graph)

    assert proposal.savers == ("1",)
    assert proposal.problems == ()
