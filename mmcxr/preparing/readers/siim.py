"""SIIM-ACR Pneumothorax Segmentation, in the forms it goes about in.

- DICOM and a table of run lengths, as the challenge gave it out: stage 1
  (``dicom-images-train/``, ``dicom-images-test/``, each film two folders down and
  named by its SOP instance UID; ``train-rle.csv``) or stage 2, whose table
  (``stage_2_train.csv``) also covers the test films of stage 1. Films under another
  name (``stage_2_images/ID_….dcm``) are known by the UID in their header.
- The PNG copy
  (https://www.kaggle.com/datasets/vbookshelf/pneumothorax-chest-xray-images-and-masks):
  ``png_images/``, ``png_masks/``, ``stage_1_{train,test}_images.csv``, whose columns
  new_filename and ImageId give the UID of ``424_train_1_.png``; that name, which
  BenchX's lists use, becomes ``extra_file``.
- The folders that MRM trains mmseg on: ``{images,annotations}/{training,validation,
  test}``; a film in two of them (MRM's lists share some) is in both splits.

An image is named by its UID in all of them. A table of run lengths also gives the split
scheme ``gloria`` (:mod:`.gloria_splits`). Who the patients are is not published; with
RSNA's crosswalk (:mod:`.crosswalk`) those of the films it lists are known.
"""

from dataclasses import replace

from mmcxr.datasets.films.dicom import read_header
from mmcxr.datasets.films.run_length import EMPTY, RunLengthMask
from mmcxr.datasets.public.siim import (
    SIIM_COUNTS,
    SIIM_STAGE_1_IMAGES,
    SIIMPneumothorax,
)
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.archives import Member, read_all
from mmcxr.preparing.films import Converter, Film, Listing, Mask, MaskFile
from mmcxr.preparing.lists.gloria_splits import gloria_splits
from mmcxr.preparing.placing import strip_suffix
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

from .crosswalk import CROSSWALK_OPTION, nih_cells, read_crosswalk

_TABLES = ('stage_2_train.csv', 'train-rle.csv', 'siim-pneumothorax-train-rle.csv')
_FILMS = ('.dcm', '.png', '.jpg', '.jpeg')
_SHAPE = (1024, 1024)  # of every film of the challenge
_HEADER = ('view', 'sex', 'age')
_STAGE_1 = {'dicom-images-train': 'train', 'dicom-images-test': 'test'}
_MRM = {'training': 'train', 'validation': 'val', 'test': 'test'}


def read_siim(source: Source, tally: Tally, crosswalk: str | None = None) -> Listing:
    """List the films that have an annotation."""
    listing = _read(source, tally)
    nih = read_crosswalk(source, crosswalk, 'SOPInstanceUID')
    if not nih:
        return listing
    films = []
    for film in listing.films:
        uid = strip_suffix(film.image)
        if uid not in nih:
            tally.note('films that the crosswalk lacks', uid)
        films.append(replace(film, cells={**film.cells, **nih_cells(nih.get(uid))}))
    return replace(listing, films=films)


def _read(source: Source, tally: Tally) -> Listing:
    table = next(filter(None, map(source.find, _TABLES)), None)
    if table:
        return _read_run_lengths(source, table, tally)
    if source.find('stage_1_train_images.csv'):
        return _read_png_copy(source)
    if source.named('.png', under='annotations/training'):
        return _read_folders(source, tally)
    raise TableError(
        f'{source.root}: holds no table of run lengths ({", ".join(_TABLES)}), no '
        'stage_1_train_images.csv and no annotations/training/*.png'
    )


def _read_run_lengths(source: Source, table: Member, tally: Tally) -> Listing:
    codes: dict[str, list[tuple[str, str]]] = {}
    rows = source.table(table, ('ImageId', 'EncodedPixels'))
    cells = rows[['ImageId', 'EncodedPixels']].itertuples(index=False)
    listed = []
    for number, (image, code) in enumerate(cells, start=1):
        place = f'{table.name}: row {number} (image {image!r})'
        listed.append(image.strip())
        codes.setdefault(listed[-1], []).append((place, code.strip()))
    found = source.named(*_FILMS)
    unlisted = {stem: found[stem] for stem in found if stem not in codes}
    if any(image not in found for image in codes):
        for stem, uid in _read_uids(unlisted).items():
            if uid in codes and uid not in found:
                found[uid] = unlisted.pop(stem)
    for member in unlisted.values():
        tally.note('films without annotation; left out', member.name)
    films, splits = [], []
    for image, coded in codes.items():
        member = found.get(image)
        runs = tuple((place, code) for place, code in coded if code != EMPTY)
        if runs and len(runs) < len(coded):
            tally.fault('invalid', 'images both with and without runs', coded[0][0])
        mask = RunLengthMask(runs, _SHAPE) if runs else None
        films.append(_film(image, member, mask, Pneumothorax=int(bool(runs))))
        for folder in member.name.split('/') if member else ():
            if folder in _STAGE_1:
                splits.append((films[-1].image, _STAGE_1[folder]))
    name_of = dict(zip(codes, (film.image for film in films), strict=True))
    schemes = dict(gloria=gloria_splits([name_of[image] for image in listed]))
    if len(codes) <= SIIM_STAGE_1_IMAGES:
        return Listing(films, schemes, release='stage 1')
    if {'train', 'test'} == {split for _, split in splits}:
        schemes['official'] = splits
        return Listing(films, schemes, release='stage 2, in two folders')
    return Listing(films, schemes, release='stage 2')


def _read_uids(members: dict[str, Member]) -> dict[str, str]:
    """SOP instance UIDs in the headers of DICOM files, by the names of the files."""
    uids = {}
    dicom = [member for member in members.values() if member.suffix == '.dcm']
    for member, data in read_all(dicom, {}):
        try:
            header = read_header(data, 'SOPInstanceUID')
            uids[member.stem] = str(header.get('SOPInstanceUID', ''))
        except Exception:  # decoders raise anything; the film is named as unlisted
            continue
    return uids


def _read_png_copy(source: Source) -> Listing:
    found = source.named('.png', under='png_images')
    masks = source.named('.png', under='png_masks')
    films, splits = [], []
    for split in ('train', 'test'):
        table = source.need(f'stage_1_{split}_images.csv')
        names = ('new_filename', 'ImageId', 'has_pneumo')
        rows = source.table(table, names)[list(names)]
        for number, (file, image, label) in enumerate(rows.values.tolist(), start=1):
            if label not in ('0', '1'):
                raise TableError(
                    f'{table}: row {number}, column has_pneumo: {label!r} is neither 0 '
                    'nor 1'
                )
            stem = file.removesuffix('.png')
            mask = MaskFile(masks[stem]) if label == '1' and stem in masks else None
            facts = dict(Pneumothorax=int(label), extra_file=stem)
            films.append(_film(image, found.get(stem), mask, **facts))
            splits.append((films[-1].image, split))
    release = 'stage 2, in two folders'
    return Listing(films, dict(official=splits), found.values(), release)


def _read_folders(source: Source, tally: Tally) -> Listing:
    films: dict[str, Film] = {}
    splits, found = [], []
    for folder, split in _MRM.items():
        masks = source.named('.png', under=f'annotations/{folder}')
        for stem, member in source.named(*_FILMS, under=f'images/{folder}').items():
            mask = MaskFile(masks[stem]) if stem in masks else None
            if mask is None:
                tally.fault('missing', 'masks of films', f'{folder}/{stem}')
            film = _film(stem, member, mask, shown_by={'Pneumothorax': 'mask'})
            first = films.setdefault(stem, film)
            splits.append((first.image, split))
            if first is film:
                found.append(member)
            elif first.file.read() != member.read():
                kind = 'films of one name in two splits that differ'
                tally.fault('duplicate', kind, f'{first.file} and {member}')
    films = list(films.values())
    return Listing(films, dict(mrm=splits), found, 'folders')


def _film(
    image: str, member: Member | None, mask: Mask | None, shown_by=(), **cells
) -> Film:
    suffix = member.suffix if member else '.dcm'
    name = member.stem if member and member.stem != image else ''
    masks = {'mask': mask} if mask else {}
    cells = {'Pneumothorax': '', 'extra_file': name, **cells}
    return Film(
        f'{image}{suffix}',
        member,
        cells,
        masks,
        header=_HEADER,
        shown_by=dict(shown_by),
    )


CONVERTER = Converter(
    SIIMPneumothorax.METAINFO,
    read_siim,
    SIIM_COUNTS,
    dict(crosswalk=CROSSWALK_OPTION),
)
