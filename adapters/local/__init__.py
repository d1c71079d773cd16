"""The local studio: a chat page on this machine, served by Easel itself."""
