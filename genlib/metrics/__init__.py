"""What is counted and estimated: customers, satisfaction, campaigns."""

from genlib.lazy import lazily

__getattr__ = lazily(__name__)
