"""One generation of transformers' own, followed token by token."""

from __future__ import annotations

import pytest
import torch

from engine.protocol import FinishReason
from engine.worker.text_stream import TextStream
from engine.worker.watch import Watch
from tests.engine.worker.tiny_networks import Listener

SENTENCE = "You need a token to use the API. "


def follow(listener: Listener, *, streams: bool, stop: tuple[str, ...] = ()) -> tuple[Watch, int]:
    """A generation in which each token is a sentence; and the tokens after which it ended."""
    watch = Watch(
        listener,
        TextStream(stop),
        decode=lambda tokens: SENTENCE * len(tokens),
        skip=2,
        deadline=float("inf"),
        streams=streams,
    )
    for number in range(1, 10):
        if bool(watch(torch.ones((1, 2 + number), dtype=torch.long), None).all()):
            break
    watch.finish([1] * number)
    return watch, number


@pytest.mark.parametrize(("streams", "num_tokens"), [(True, 3), (False, 9)], ids=["plain", "beams"])
def test_a_text_that_repeats_itself_ends_as_soon_as_it_is_looked_at(
    streams: bool, num_tokens: int
) -> None:
    listener = Listener()

    watch, number = follow(listener, streams=streams)

    assert number == num_tokens
    assert watch.reason is FinishReason.STOP
    assert watch.stream.text == "".join(listener.pieces) == (3 * SENTENCE).rstrip()


def test_whoever_cancels_is_told_so_whatever_the_text_is() -> None:
    watch, number = follow(Listener(patience=0), streams=False)

    assert number == 1
    assert watch.reason is FinishReason.CANCELLED
