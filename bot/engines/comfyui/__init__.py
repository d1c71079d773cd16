"""ComfyUI: an engine whose drawing is a graph of nodes that the operator brings along.

    workflow.py   a graph in the API format and which of its inputs take what: checked when loaded, filled per task
    engine.py     the engine: what the workflows can do, generate, edit, resume
    job.py        one prompt at the server: sent once, seen to its end, fetched; stopped when its run is
    client.py     the server's HTTP routes
    history.py    what is read from the server's record of a finished prompt
    feed.py       the one websocket: progress, previews, and the hint to look again
    progress.py   how far a prompt is, from the websocket's events
    errors.py     its answers as EngineErrors
    checkup.py    whether the server has what the workflows need, and which models it offers
    blank.py      pictures without anything on them

HTTP alone decides whether a job is finished; without the websocket jobs still end, only progress is missing. The
facts in here were read in ComfyUI 0.38.1 (`server.py`, `execution.py`, `comfy_execution/jobs.py`) and seen on a running
0.3.64; older servers are told apart by the routes they lack.
"""
