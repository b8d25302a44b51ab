"""What is shown: charts, tables and pages of protected tables, in the reader's own words."""

from genlib.lazy import lazily

__getattr__ = lazily(__name__)
