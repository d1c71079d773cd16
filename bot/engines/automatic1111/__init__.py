"""AUTOMATIC1111 and what speaks like it: Forge, SD.Next, stable-diffusion.cpp's server, KoboldCpp.

    engine.py     the engine: generate, edit, upscale, describe
    abilities.py  what the family can do
    bodies.py     tasks as requests
    answers.py    what comes back: pictures, their seeds, the facts
    job.py        one call at the server: sent once, seen to its end; stopped when its run is, if it surely is ours
    abandoned.py  calls nobody waits for any more, while the server still works on them
    watching.py   how far a call is, and what it looks like
    client.py     the server's HTTP routes
    lists.py      what the server has by name: checkpoints, samplers, schedulers, styles, LoRAs, upscalers
    names.py      what a task names, found there
    choices.py    how a name is compared with others
    errors.py     its answers as EngineErrors
    checkup.py    which program it is, and whether it has what is configured

A server works on one call at a time and lets the others wait, without a word, in the order they came. Its `interrupt`
stops whatever runs, so it is sent only while the server says that our task is the one. The facts in here were seen on
running Forge f2.0.1 (the code of A1111 1.10) and SD.Next (July 2026), and read in A1111's `modules/api/api.py` and
`modules/progress.py` and in stable-diffusion.cpp's `routes_sdapi.cpp`; only txt2img is taken for granted.
"""
