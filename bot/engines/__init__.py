"""Image services behind one protocol; `base` is the protocol, `registry` knows which exist, `demo` is the template."""
