"""Load a model of ours: config and checkpoint in, ready model out."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcxr.engine.checkpoint import load_strict, open_checkpoint
from mmcxr.engine.config_file import load_config
from mmcxr.registry import MODELS

from .loaded_model import LoadedModel, facts_of


def check_device(device: str) -> None:
    """Refuse a device that this machine has not.

    Raises:
        ValueError: it has not, or nothing is called so.
    """
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:  # torch raises either
        told = str(error).splitlines()[0]
        raise ValueError(
            f"device '{device}' cannot be used here ({told}); take 'cpu'"
        ) from error


def load_model(
    config: str | Path | Config, checkpoint: str | Path, device: str = 'cpu'
) -> LoadedModel:
    """Model of a config with the weights of a checkpoint, in eval mode.

    Args:
        config: path of a config, or the config itself.
        checkpoint: a file of ours or a published one that the config describes.
        device: 'cpu', 'cuda', 'cuda:1', ...

    Raises:
        ConfigError: when the config is not there or cannot be read.
        KeyError: when the config names no ``film_pipeline`` (how a film that was
            read is brought to the model's size).
        ValueError: when the checkpoint leaves a parameter unset or holds others, or
            the machine has no such device.
    """
    check_device(device)
    if not isinstance(config, Config):
        config = load_config(config)
    if 'film_pipeline' not in config:
        raise KeyError(
            'the config has no film_pipeline, which says how films are sized'
        )
    with DefaultScope.overwrite_default_scope(config.get('default_scope', 'mmcxr')):
        model = MODELS.build(config.model)
    load_strict(model, open_checkpoint(checkpoint), name=str(checkpoint))
    model.eval()  # returns None for some backbones: not chained
    name = Path(config.filename or checkpoint).stem
    facts = facts_of(name, model, checkpoint)
    loaded = LoadedModel(model, config.model, config.film_pipeline, facts)
    return loaded.to(device)
