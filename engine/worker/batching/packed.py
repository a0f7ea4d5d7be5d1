"""Linear layers for the CPU with their weights in oneDNN's own layout: twice as fast and more."""

from __future__ import annotations

import logging

import torch

from engine.worker.batching import kernels

log = logging.getLogger(__name__)


class PackedLinear(torch.nn.Module):
    """Does what the nn.Linear does that it is made from."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._packed = kernels.pack(linear.weight.data)
        self.bias = linear.bias
        # Some models look up the dtype here.
        self.register_buffer("weight", linear.weight.new_empty(0), persistent=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """See nn.Linear."""
        return kernels.linear(inputs, self._packed, self.bias)


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
        and kernels.usable(module.weight.dtype)
    ]
    if not names:
        log.info("oneDNN has no part in this model here; its linear layers stay as they are")
    for name in names:
        linear = model.get_submodule(name)
        assert isinstance(linear, torch.nn.Linear)
        model.set_submodule(name, PackedLinear(linear))
    return len(names)
