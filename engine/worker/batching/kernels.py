"""Operators of PyTorch for the CPU that have private names, tried before use, and linear layers
that use them."""

from __future__ import annotations

import logging
from functools import cache

import torch
from torch.nn.functional import scaled_dot_product_attention

log = logging.getLogger(__name__)


def pack(weight: torch.Tensor) -> torch.Tensor:
    """A weight, [out, in] in float32 or bfloat16, in oneDNN's own layout."""
    packed: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    return packed


def linear(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """`inputs`, [..., in], times the transposed `weight`, [out, in], packed or not; gives
    [..., out]. By oneDNN: in float32 twice as fast as PyTorch's own way on processors for which
    MKL leaves AVX-512 unused.
    """
    output: torch.Tensor = torch.ops.mkldnn._linear_pointwise(inputs, weight, bias, "none", [], "")
    return output


def attend(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention, all [N, heads, tokens, dim], and the logarithm of the sum of the exponentials
    of each query's scores, [N, heads, tokens], float32.
    """
    output, log_sum = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        queries, keys, values, attn_mask=mask, scale=scaling
    )
    return output, log_sum


@cache
def usable(dtype: torch.dtype) -> bool:
    """Whether the operators are there for this dtype, in this build of PyTorch and on this
    processor, and compute what they should.
    """
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    try:
        return _computes(dtype)
    except (RuntimeError, AttributeError, NotImplementedError, TypeError):
        return False


def _computes(dtype: torch.dtype) -> bool:
    weight = torch.linspace(-1, 1, 512, dtype=dtype).view(16, 32)
    inputs = torch.linspace(1, -1, 96, dtype=dtype).view(3, 32)
    wanted = inputs @ weight.t()
    products = (linear(inputs, weight), linear(inputs, pack(weight)))
    queries, keys, values = torch.linspace(-1, 1, 3 * 4 * 32, dtype=dtype).view(3, 1, 1, 4, 32)
    mask = torch.full((1, 1, 4, 4), -torch.inf, dtype=dtype).triu(1)
    attended, log_sum = attend(queries, keys, values, mask, None)
    scores = (queries @ keys.transpose(-1, -2)).float() * 32**-0.5 + mask
    return (
        all(torch.allclose(product, wanted, atol=0.05, rtol=0.02) for product in products)
        and torch.allclose(
            attended, scaled_dot_product_attention(queries, keys, values, mask), atol=0.02
        )
        and torch.allclose(log_sum, scores.logsumexp(-1), atol=0.05)
    )


class PackedLinear(torch.nn.Module):
    """Does what the nn.Linear does that it is made from."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._packed = pack(linear.weight.data)
        self.bias = linear.bias
        # Some models look up the dtype here.
        self.register_buffer("weight", linear.weight.new_empty(0), persistent=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return linear(inputs, self._packed, self.bias)


@torch.inference_mode()
def pack_linears(model: torch.nn.Module) -> int:
    """Replace the linear layers of a model on the CPU; returns how many.

    PyTorch's own float32 path uses half of what some processors can do, and its bfloat16 path
    lays each weight out anew in every call: over one token that takes twice as long.
    """
    names = [
        name
        for name, module in model.named_modules()
        if type(module) is torch.nn.Linear
        and module.weight.device.type == "cpu"
        and usable(module.weight.dtype)
    ]
    if not names:
        log.info("oneDNN has no part in this model here; its linear layers stay as they are")
    for name in names:
        linear = model.get_submodule(name)
        assert isinstance(linear, torch.nn.Linear)
        model.set_submodule(name, PackedLinear(linear))
    return len(names)
