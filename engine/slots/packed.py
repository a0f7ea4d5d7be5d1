"""Linear layers for the CPU with their weights in oneDNN's own layout: twice as fast and more."""

from __future__ import annotations

import logging

import torch

log = logging.getLogger(__name__)


class PackedLinear(torch.nn.Module):
    """Does what the nn.Linear does that it is made from."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.data, None)
        self.bias = linear.bias
        # Some models look up the number format here.
        self.register_buffer("weight", linear.weight.new_empty(0), persistent=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """See nn.Linear."""
        output: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            inputs, self._packed, self.bias, "none", [], ""
        )
        return output


@torch.inference_mode()
def pack_linears(model: torch.nn.Module) -> int:
    """Replace the linear layers of a model on the CPU; returns how many.

    PyTorch's own float32 path uses half of what some processors can do, and its bfloat16 path
    lays each weight out anew in every call: over one token that takes twice as long.
    """
    if not _works():
        log.info("oneDNN cannot be used here; linear layers stay as they are")
        return 0
    names = [
        name
        for name, module in model.named_modules()
        if type(module) is torch.nn.Linear
        and module.weight.device.type == "cpu"
        and module.weight.dtype in (torch.float32, torch.bfloat16)
    ]
    for name in names:
        linear = model.get_submodule(name)
        assert isinstance(linear, torch.nn.Linear)
        model.set_submodule(name, PackedLinear(linear))
    return len(names)


def _works() -> bool:
    """Whether this build of PyTorch has the operators and they compute what they should."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    try:
        for dtype in (torch.float32, torch.bfloat16):
            linear = torch.nn.Linear(32, 16, dtype=dtype)
            inputs = torch.linspace(-1, 1, 96, dtype=dtype).view(1, 3, 32)
            if not torch.allclose(PackedLinear(linear)(inputs), linear(inputs), atol=0.02):
                return False
    except (RuntimeError, AttributeError, NotImplementedError):
        return False
    return True
