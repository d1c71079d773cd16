"""The engine for everything that speaks OpenAI's images API: OpenAI itself, Azure, LiteLLM and other gateways, local
servers.

`engine` draws; `layout` says where calls go; `models` says what a model can, `params` what it surely refuses; `bodies`
makes requests, `service` sends them and `answers` reads what comes back; `unknown` says which parameters a service does
not know, `costs` what a call cost; `downloads` fetches pictures given as addresses.
"""
