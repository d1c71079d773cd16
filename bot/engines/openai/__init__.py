"""The engine for everything that speaks OpenAI's images API: OpenAI itself, LiteLLM and other gateways, local servers.

`engine` draws; `models` says what a model can; `bodies` makes requests and `answers` reads what comes back; `errors`
says what went wrong; `downloads` fetches pictures given as addresses.
"""
