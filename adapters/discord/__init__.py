"""Easel on Discord: slash commands, mentions, replies, menus and buttons in; status messages and pictures out."""
