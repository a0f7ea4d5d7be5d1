"""The operators of PyTorch for the CPU that the slots use under private names, tried before use."""

from __future__ import annotations

from functools import cache

import torch
from torch.nn.functional import scaled_dot_product_attention


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
