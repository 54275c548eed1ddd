"""RSNA Pneumonia Detection Challenge, stage 2.

Takes the challenge's files as they unpack: ``stage_2_train_labels.csv`` (patientId, x,
y, width, height, Target; a row per box), ``stage_2_detailed_class_info.csv``
(patientId, class), ``stage_2_train_images/`` and, if they are there,
``stage_2_test_images/``, whose truth the challenge did not give out: their label is
unknown. https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data

The challenge's "patientId" names a film. With the crosswalk
(:mod:`.crosswalk`) ``patient_id`` is the NIH's, and ``extra_nih_image`` the film there.
Besides ``official`` there is the split scheme ``gloria`` (:mod:`.gloria_splits`).
"""

from mmcxr.datasets.public.rsna import RSNA_COUNTS, RSNAPneumonia
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.lists.gloria_splits import gloria_splits
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

from .crosswalk import CROSSWALK_OPTION, nih_cells, read_crosswalk

_COLUMNS = ('patientId', 'x', 'y', 'width', 'height', 'Target')
_FILMS = ('.dcm', '.png', '.jpg', '.jpeg')
_FRAME = (1024, 1024)  # what the boxes count in
_HEADER = ('view', 'sex', 'age')


def read_rsna(source: Source, tally: Tally, crosswalk: str | None = None) -> Listing:
    """List the films of both sets, with the boxes of the training set."""
    targets, boxes = _read_labels(source, tally)
    classes = _read_classes(source, targets, tally)
    nih = read_crosswalk(source, crosswalk, 'subset_img_id')
    test = source.named(*_FILMS, under='stage_2_test_images')
    found = source.named(*_FILMS)
    films, splits = [], []
    for image in [*targets, *(stem for stem in test if stem not in targets)]:
        file = found.get(image)
        cells = {
            **nih_cells(nih.get(image)),
            'Pneumonia': targets.get(image, ''),
            'extra_class': classes.get(image, ''),
        }
        if nih and image not in nih:
            tally.note('films that the crosswalk lacks', image)
        name = f'{image}{file.suffix if file else ".dcm"}'
        known = tuple(boxes[image]) if image in boxes else None
        film = Film(name, file, cells, {}, known, _FRAME, header=_HEADER)
        films.append(film)
        splits.append((name, 'train' if image in targets else 'test'))
    name_of = dict(zip(targets, (film.image for film in films), strict=False))
    gloria = gloria_splits([name_of[image] for image in sorted(targets)])
    schemes = dict(official=splits, gloria=gloria)
    kind = 'with test films' if len(films) > len(targets) else 'training films'
    return Listing(films, schemes, found.values(), f'stage 2, {kind}')


def _read_labels(
    source: Source, tally: Tally
) -> tuple[dict[str, int], dict[str, list[tuple]]]:
    """Target and boxes by film; what contradicts itself is a fault."""
    member = source.need('stage_2_train_labels.csv')
    table = source.table(member, _COLUMNS)
    targets: dict[str, int] = {}
    boxes: dict[str, list[tuple]] = {}
    rows = table[list(_COLUMNS)].values.tolist()
    for number, (image, *box, target) in enumerate(rows, start=1):
        place = f'{member.name}: row {number} ({image})'
        if target not in ('0', '1'):
            tally.fault('invalid', 'targets that are neither 0 nor 1', place)
            continue
        if targets.setdefault(image, int(target)) != int(target):
            tally.fault('invalid', 'films with both targets', place)
        listed = boxes.setdefault(image, [])
        if any(box) != (target == '1'):
            tally.fault('invalid', 'boxes without target, or the reverse', place)
        elif target == '1':
            try:
                listed.append((*map(float, box), 'Pneumonia'))
            except ValueError:
                tally.fault('invalid', 'boxes that are no numbers', place)
    return targets, boxes


def _read_classes(source: Source, targets: dict, tally: Tally) -> dict[str, str]:
    member = source.find('stage_2_detailed_class_info.csv')
    if member is None:
        tally.note('tables not there', 'stage_2_detailed_class_info.csv')
        return {}
    table = source.table(member, ('patientId', 'class'))
    classes = dict(zip(table['patientId'], table['class'], strict=True))
    for image, name in classes.items():
        if (name == 'Lung Opacity') != (targets.get(image) == 1):
            kind = 'films whose class contradicts the target'
            tally.fault('invalid', kind, f'{image} ({name})')
    return classes


CONVERTER = Converter(
    RSNAPneumonia.METAINFO, read_rsna, RSNA_COUNTS, dict(crosswalk=CROSSWALK_OPTION)
)
