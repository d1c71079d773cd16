"""ComfyUI: an engine whose drawing is a graph of nodes that the operator brings along.

    workflow.py   a graph in the API format and which of its inputs take what: checked when loaded, filled per task
    repertoire.py several graphs: which of them a task takes, and what they can do
    engine.py     the engine: generate, edit, resume
    job.py        one prompt at the server: sent once, seen to its end, fetched; stopped when its run is
    client.py     the server's HTTP routes
    history.py    what is read from the server's record of a finished prompt
    feed.py       the one websocket: progress, previews, and the hint to look again
    progress.py   how far a prompt is, from the websocket's events
    errors.py     its answers as EngineErrors
    checkup.py    whether the server has what the workflows need, and what it offers by name
    blank.py      pictures without anything on them

and for whoever brings a workflow along:

    mapping.py    proposes which inputs of a graph take what, as a plain value of proposal.py
    tracing.py    follows the links of a graph
    samplers.py  prompts.py  sizes.py  sources.py   what the links from a sampler lead to
    inspecting.py reads a graph from a file or a picture, and compares it with what a server has

HTTP alone decides whether a job is finished; without the websocket jobs still end, only progress is missing. Pictures
that a graph sends over the websocket are made to stay at the server and fetched like all others. How a job ended is
read from `/history/{id}`, which every version has and which names the graph as it ran; `/api/jobs/{id}` (0.38) says
nothing more of that, so it is asked only what the history cannot tell: whether a prompt is known, and to cancel it.

The facts in here were read in ComfyUI 0.38.1 (`server.py`, `execution.py`, `comfy_execution/jobs.py`) and seen on a
running 0.3.64; older servers are told apart by the routes they lack. SwarmUI hands the same routes on below
`/ComfyBackendDirect` (`ComfyUIRedirectHelper.cs`), with few words of its own: see `client.NO_BACKEND`.
"""
