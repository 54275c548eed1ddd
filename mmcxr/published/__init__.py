"""Published checkpoint to our state dict, one file per system or encoder.

Each module offers ``recognise(checkpoint)``, which names the variant or returns
None, and ``convert(checkpoint)``, which returns ``(state_dict, info)`` and accounts
for every source key: mapped, dropped with a reason (``info['dropped']``), or an
error. Systems that also write files which others write too, a bare ResNet for
example, offer ``claim(checkpoint)``, which recognises those as well; ``convert`` takes
what it takes.

For loading, a system's module also offers ``model_config(info)``, what ``convert``
found as a config of ours, and where it differs from the rest ``film_pipeline(info)``,
``KEEPS_SHAPE`` (that pipeline gives films of different shapes), ``tokenizer(info)``
(without ``name`` where the system publishes none), ``ASKED_FOR`` (variants that a
caller may ask for) and ``passes_for(found, wanted)``. They need torch alone, and build
no model.
"""

from types import ModuleType
from typing import Any

from mmcxr.published.encoders import (
    hf_bert,
    hf_swin,
    timm_vit,
    torchvision_densenet,
    torchvision_resnet,
)

from . import chexzero, convirt, cxr_clip, gloria, medaug, moco_cxr, mrm, refers, s2mts2
from .ledger import ConversionError, listed, weights_in
from .systems import SYSTEMS, probable_system

# Whole systems by the name load_published takes, and encoders to start from.
CONVERTERS: dict[str, ModuleType] = {
    module.NAME: module
    for module in (
        cxr_clip,
        mrm,
        chexzero,
        gloria,
        moco_cxr,
        medaug,
        s2mts2,
        convirt,
        refers,
    )
}
ENCODERS: dict[str, ModuleType] = {
    module.NAME: module
    for module in (torchvision_resnet, torchvision_densenet, hf_swin, timm_vit, hf_bert)
}


def recognise(checkpoint: Any) -> tuple[str, str] | None:
    """Name of the converter and of the variant a checkpoint belongs to, or None."""
    for name, module in (CONVERTERS | ENCODERS).items():
        variant = module.recognise(checkpoint)
        if variant is not None:
            return name, variant
    return None


def convert(checkpoint: Any) -> tuple[dict, dict]:
    """State dict of ours and ``info`` of any checkpoint that is recognised.

    Raises:
        ConversionError: it is not recognised, or its keys do not add up.
    """
    found = recognise(checkpoint)
    if found is None:
        raise ConversionError('no converter recognises this checkpoint')
    return (CONVERTERS | ENCODERS)[found[0]].convert(checkpoint)
