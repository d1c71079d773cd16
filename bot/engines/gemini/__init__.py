"""The engine for Gemini's image models, and for Imagen where a gateway still has it.

`engine` draws; `models` says what a model can and costs; `bodies` makes requests, `answers` reads what comes back;
`service` asks; `errors` says what went wrong.
"""
