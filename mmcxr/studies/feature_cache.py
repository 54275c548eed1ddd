"""Features of films on disk, under a key of all that they follow from.

A set of features is a folder: ``features.npy`` (N, D) float32, ``labels.npy`` (N, C)
float32 of 1, 0, -1 and NaN, ``films.csv`` (image, patient_id) and ``facts.json``. Its
name ends in the first digits of a digest over the weights and the config of the
model, the films with their sizes and times of change, and the steps between, so a
change of any of them is another folder. Labels are not part of it: they are read from
the table at each call, and written anew where they differ.
"""

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mmcxr.engine.checkpoint_file import file_digest
from mmcxr.evaluation.functional.results import plain, portable


class FeatureError(ValueError):
    """Features cannot be used; the message names them and says what to do."""


@dataclass(frozen=True)
class Features:
    """What the cache holds of one split.

    Args:
        features: (N, D) float32, mapped from the disk.
        labels: (N, C) float32 of 1, 0, -1 (uncertain) and NaN (unknown).
        images: N names.
        patient_ids: N.
        facts: ``classes``, ``key``, ``model``, ``dataset`` (its config) and
            ``metainfo``.
    """

    features: np.ndarray
    labels: np.ndarray
    images: Sequence[str]
    patient_ids: Sequence[str]
    facts: Mapping


def model_digest(model: nn.Module, config: Mapping) -> str:
    """SHA-256 over a model's config and the names, types and values of its weights."""
    digest = hashlib.sha256(_canonical(config))
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}'.encode())
        array = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(array.view(torch.uint8).numpy())
    return digest.hexdigest()


def films_digest(infos: Sequence[Mapping]) -> str:
    """SHA-256 over names, sizes and times of change of films, in their order.

    Args:
        infos: samples with ``image`` and ``img_path``.

    Raises:
        FeatureError: a file is not there.
    """
    digest = hashlib.sha256()
    for info in infos:
        try:
            stat = os.stat(info['img_path'])
        except OSError as error:
            raise FeatureError(f'{info["img_path"]}: {error.strerror}') from error
        digest.update(f'{info["image"]}\0{stat.st_size}\0{stat.st_mtime_ns}\n'.encode())
    return digest.hexdigest()


def settings_digest(settings: Mapping) -> str:
    """SHA-256 over settings."""
    return hashlib.sha256(_canonical(settings)).hexdigest()


def save_features(folder: Path, features: np.ndarray, facts: Mapping) -> None:
    """Write a folder with features, whole or not at all."""
    part = folder.with_name(f'.{folder.name}.{os.getpid()}.part')
    part.mkdir(parents=True, exist_ok=True)
    try:
        np.save(part / 'features.npy', np.ascontiguousarray(features, np.float32))
        digest = file_digest(part / 'features.npy')
        _write(part / 'facts.json', _canonical(dict(facts, features_sha256=digest)))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def save_labels(
    folder: Path,
    labels: np.ndarray,
    images: Sequence[str],
    patient_ids: Sequence[str],
    facts: Mapping,
) -> None:
    """Write what the table says of the films; equal files are left alone.

    Args:
        folder: with features of these films, in this order.
        labels: (N, C).
        images: N names.
        patient_ids: N.
        facts: to change among those of the folder.
    """
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(labels, np.float32))
    _write(folder / 'labels.npy', buffer.getvalue())
    text = io.StringIO()
    rows = zip(images, patient_ids, strict=True)
    csv.writer(text).writerows([('image', 'patient_id'), *rows])
    _write(folder / 'films.csv', text.getvalue().encode())
    former = json.loads((folder / 'facts.json').read_text(encoding='utf-8'))
    _write(folder / 'facts.json', _canonical({**former, **facts}))


def is_whole(folder: Path) -> bool:
    """Whether features lie in a folder as they were written."""
    try:
        facts = json.loads((folder / 'facts.json').read_text(encoding='utf-8'))
        return file_digest(folder / 'features.npy') == facts['features_sha256']
    except (OSError, ValueError, KeyError):
        return False


def load_features(folder: str | Path) -> Features:
    """Read a folder of features.

    Raises:
        FeatureError: it is none, is damaged, or its files do not fit together.
    """
    folder = Path(folder)
    if not is_whole(folder):
        raise FeatureError(
            f'{folder}: no features, or not as they were written; make them with '
            'tools/extract_features.py'
        )
    try:
        with (folder / 'films.csv').open(newline='', encoding='utf-8') as file:
            _, *rows = csv.reader(file)
        found = Features(
            np.load(folder / 'features.npy', mmap_mode='r'),
            np.load(folder / 'labels.npy'),
            [image for image, _ in rows],
            [patient for _, patient in rows],
            json.loads((folder / 'facts.json').read_text(encoding='utf-8')),
        )
    except (OSError, ValueError) as error:
        raise FeatureError(f'{folder}: {error}; extract again') from error
    if not len(found.features) == len(found.labels) == len(found.images):
        raise FeatureError(
            f'{folder}: {len(found.features)} features, {len(found.labels)} labels and '
            f'{len(found.images)} films; extract again'
        )
    return found


def _canonical(value: Mapping) -> bytes:
    return json.dumps(
        plain(portable(plain(value))), sort_keys=True, indent=1, ensure_ascii=False
    ).encode()


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return
    part = path.with_name(f'.{path.name}.part')
    part.write_bytes(data)
    os.replace(part, path)
