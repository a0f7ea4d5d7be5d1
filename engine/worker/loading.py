"""Brings weights from a folder into memory: device, precision, quantisation."""

from __future__ import annotations

import gc
import logging
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ModelLoadError
from engine.models.catalog import Dtype, ModelEntry, Quantisation
from engine.models.gpu import read_gpus, read_host
from engine.models.hardware import does_not_fit, uses_gpu
from engine.models.integrity import find_damage
from engine.models.loadable import SAFE, auto_class, read_loadable, reason_of, why_not_built
from engine.models.memory import GB, MemoryNeed
from engine.models.saved import verify_saved
from engine.models.tensors import need_in

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

#: Names of what belongs to numbers that were made smaller, or to an adapter.
_OF_QUANTISED = re.compile(r"scale(_inv|s)?$|\.absmax|\.qzeros$|\.lora_[AB]\b")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory; `model` and `tokenizer` are objects of transformers."""

    model: Any
    tokenizer: Any
    #: For people: `CPU, 2 threads` or the GPU's name, and the dtype, with the quantisation if any.
    device: str
    dtype: str
    on_gpu: bool


def prepare_libraries(threads: int) -> None:
    """Set what must be set before the first model: quiet libraries, the number of threads."""
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    torch.set_num_threads(threads or len(os.sched_getaffinity(0)))


def load_model(entry: ModelEntry, path: Path, *, device: str) -> LoadedModel:
    """Load the weights in `path`. Raises ModelLoadError with a sentence."""
    try:
        verify_saved(path)
        _refuse_damaged(entry, path)
        loaded = _load(entry, path, device)
        # int8 keeps copies after its first step, and on a CPU NF4 is packed anew in it: there the
        # first question tells.
        if entry.quantisation is Quantisation.NONE or (
            entry.quantisation is Quantisation.NF4 and loaded.on_gpu
        ):
            refuse_nonfinite(entry, loaded.model)
        return loaded
    except ModelLoadError:
        raise
    except Exception as error:  # whatever a broken folder makes the libraries raise
        log.warning("loading %s failed", entry.alias, exc_info=True)
        if is_out_of_memory(error):
            reason = (
                f"{entry.alias} does not fit into memory; "
                "choose a smaller model or a quantised one."
            )
        else:
            reason = f"{entry.alias} could not be loaded from {path} ({reason_of(error)})."
    # Raised out here: a traceback kept in __cause__ would keep the weights in memory.
    raise ModelLoadError(reason)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error means that memory ran out and the device is fine otherwise."""
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )


def free_memory() -> None:
    """Give back what the last generation left behind."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def free_bytes(*, on_gpu: bool) -> int:
    """Free memory where the engine computes."""
    import torch

    free: int = torch.cuda.mem_get_info()[0] if on_gpu else read_host().memory_free
    return free


def _load(entry: ModelEntry, path: Path, device: str) -> LoadedModel:
    import torch

    available, built_for = torch.cuda.is_available(), torch.version.cuda
    on_gpu = uses_gpu(device, available=available, built_for=built_for, gpus=read_gpus())
    dtype = _dtype(entry.dtype, on_gpu=on_gpu)
    loadable = read_loadable(entry, path)
    config, tokenizer = loadable.config, loadable.tokenizer
    dtype_name = str(dtype).removeprefix("torch.")
    need = need_in(path, entry, on_gpu=on_gpu, dtype=Dtype(dtype_name), config=config.to_dict())
    _refuse_what_does_not_fit(entry, need, on_gpu)
    # A window that fits into the sliding one never slides; saying so allows faster kernels. Where
    # layers are of several kinds, those that slide insist on a number.
    mixed = "sliding_attention" in (getattr(config, "layer_types", None) or ())
    if not mixed and (getattr(config, "sliding_window", None) or 0) >= entry.context_window:
        config.sliding_window = None
    try:
        model, info = auto_class(entry).from_pretrained(
            path,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            device_map={"": 0 if on_gpu else "cpu"},
            quantization_config=_quantisation(entry.quantisation, dtype),
            # What does not fit is refused below, by name.
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **SAFE,
        )
    except Exception as error:  # whatever odd weights make the library raise
        if is_out_of_memory(error):
            raise
        log.warning("loading %s failed", entry.alias, exc_info=True)
        reason = why_not_built(entry, config, error)
    else:
        reason = _gaps(entry, info)
    if reason:
        raise ModelLoadError(reason)
    model.eval()
    if model.generation_config.pad_token_id is None:
        model.generation_config.pad_token_id = tokenizer.eos_token_id
    _report_memory(entry, model, need)
    if entry.quantisation is not Quantisation.NONE:
        dtype_name = f"{entry.quantisation.value}, {dtype_name}"
    cpu = f"CPU, {torch.get_num_threads()} threads"
    where = torch.cuda.get_device_name(0) if on_gpu else cpu
    return LoadedModel(model, tokenizer, where, dtype_name, on_gpu)


def _refuse_damaged(entry: ModelEntry, path: Path) -> None:
    damage = find_damage(path)
    if damage is not None:
        own = "" if path.parent.name == "snapshots" else "delete the folder and "
        raise ModelLoadError(
            f"{entry.alias} could not be loaded: {damage}; {own}run "
            f"`python main.py models pull {entry.alias}`, which fetches what is damaged, or copy a "
            "saved model there again."
        )


def _gaps(entry: ModelEntry, info: Mapping[str, Collection[Any]]) -> str:
    """What transformers left as random numbers for want of weights; empty where nothing."""
    missing = sorted(map(str, info["missing_keys"]))
    other = sorted(str(each[0]) for each in info["mismatched_keys"])
    unused = sorted(map(str, info["unexpected_keys"]))
    if unused:
        log.info("%s: %d tensors are not used, as %s", entry.alias, len(unused), unused[0])
    scale = next(filter(_OF_QUANTISED.search, unused), None)
    if scale:
        return (
            f"The weights of {entry.alias} are quantised (they have {scale}), but its config.json "
            "does not say how; choose the repository that it was made from."
        )
    for problem in info.get("error_msgs", ()):
        return f"The weights of {entry.alias} do not fit its config.json ({problem})."
    for names, what in ((missing, "are missing from"), (other, "have another shape in")):
        if names:
            some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
            return (
                f"{len(names)} tensors of {entry.alias} {what} its weights ({some}), so it would "
                "compute with random numbers; choose a whole model of the kind its config.json "
                "names."
            )
    return ""


def refuse_nonfinite(entry: ModelEntry, model: Any) -> None:
    """Raise ModelLoadError if the model's first step computes NaN or infinity."""
    import torch

    tokens = torch.tensor([[0, 1]], device=model.device)
    arguments = {"decoder_input_ids": tokens} if model.config.is_encoder_decoder else {}
    with torch.inference_mode():
        logits = model(input_ids=tokens, **arguments).logits
    if torch.isfinite(logits).all():
        return
    advice = "choose another copy or model"
    if model.dtype is torch.float16:
        advice = "give it `dtype: bfloat16` or `float32` in the catalogue, or choose another model"
    dtype = str(model.dtype).removeprefix("torch.")
    raise ModelLoadError(
        f"{entry.alias} computes NaN or infinity in {dtype}: its weights are broken, or too large "
        f"for that format; {advice}."
    )


def _refuse_what_does_not_fit(entry: ModelEntry, need: MemoryNeed | None, on_gpu: bool) -> None:
    if need is None:  # an architecture whose size is not known beforehand: a try tells
        return
    wanted = need.total() - need.runtime  # the libraries are here already
    free = free_bytes(on_gpu=on_gpu)
    if wanted > free:
        where = "the GPU" if on_gpu else "this machine"
        raise does_not_fit(entry, need, wanted, free, where)


def _report_memory(entry: ModelEntry, model: Any, need: MemoryNeed | None) -> None:
    measured = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))
    computed = f"{need.weights / GB:.2f}" if need else "not"
    log.info("%s: weights %.2f GB, %s computed", entry.alias, measured / GB, computed)


def _dtype(wanted: Dtype, *, on_gpu: bool) -> torch.dtype:
    import torch

    if wanted is not Dtype.AUTO:
        named: torch.dtype = getattr(torch, wanted.value)
        return named
    if on_gpu:
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float16
    # 2.4 times faster over a 700-token prompt where the CPU has it, slower where it has not.
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32


def _quantisation(quantisation: Quantisation, dtype: torch.dtype) -> Any:
    if quantisation is Quantisation.NONE:
        return None
    from transformers import BitsAndBytesConfig

    if quantisation is Quantisation.INT8:
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )
