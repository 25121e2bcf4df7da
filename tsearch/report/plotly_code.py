"""plotly's code as the page carries it: packed, so that a page takes 2 MB instead of 5.

The packed code is the whole of plotly, as its Python package brings it; plotly's smaller bundles are in no package on
PyPI. A browser unpacks it without asking any other place.
"""

import gzip
from base64 import b64encode
from functools import cache

from plotly.offline import get_plotlyjs


@cache
def packed_plotly() -> str:
    """plotly.js, gzip in base64: the same text for the same version."""
    return b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode("ascii")
