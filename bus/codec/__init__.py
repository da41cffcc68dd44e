"""Values to bytes and back, by a schema: for each schema a guard and encoder, and a decoder, generated once.

`plan` says what a schema means, `encoder` and `decoder` write its code, `runtime` is what that code calls,
`explain` finds the place of a misfit, `fallback` is fastavro behind the same guard, `evolution` reads as another
schema, `defaults` fills what is absent, `masking` and `masker` hide tagged fields in bytes that are never decoded.
Frames, ids and registries are not here: see `bus.wire`.
"""

from bus.codec.compiled import Codec, compile_codec
from bus.codec.defaults import complete
from bus.codec.limits import MAX_VALUE_BYTES
from bus.codec.masker import MASK, Hide
from bus.codec.masking import Masker, compile_masker

__all__ = ["MASK", "MAX_VALUE_BYTES", "Codec", "Hide", "Masker", "compile_codec", "compile_masker", "complete"]
