"""Easel: a chat bot that draws pictures and changes them."""
