"""The language model: words about pictures. Nothing it says, or fails to say, keeps a picture from being drawn."""
