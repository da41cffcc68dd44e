from __future__ import annotations

from collections.abc import Callable

import pytest

from bus.codec import Codec, compile_codec


@pytest.fixture(params=[True, False], ids=["generated", "fallback"])
def compiled(request: pytest.FixtureRequest) -> Callable[[str], Codec]:
    """Compiles a schema by one of the two codecs; a test that asks for it runs over both."""
    return lambda schema: compile_codec(schema, generated=request.param)
