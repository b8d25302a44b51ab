"""Room 1: people with names. Behind door 1, which only `publish` opens."""

from genlib.lazy import lazily

__getattr__ = lazily(__name__)
