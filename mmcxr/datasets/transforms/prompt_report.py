"""Reports from labels: one sentence of the prompt table for each label."""

import difflib
import math
import random

from mmcv.transforms import BaseTransform

from mmcxr.datasets.texts.prompts import class_key, load_prompt_table
from mmcxr.registry import TRANSFORMS

from .text import check_mode, study_name

# The sides of a label and the lists of the table that speak for them.
SIDES = {1: 'pos', 0: 'neg', -1: 'unc'}


@TRANSFORMS.register_module()
class PromptReport(BaseTransform):
    """Write T reports from the labels of a study as CXR-CLIP does.

    A report is one random sentence for each positive, negative and uncertain class,
    shuffled and joined by spaces: CXR-CLIP's rule for CheXpert. Its rule for
    ChestX-ray14 is ``num_negatives=3``.

    Required key: ``labels`` {class: 1, 0 or -1 (uncertain)}, unknown ones absent.
    Added key: ``texts``, list of T strings.

    Args:
        table: JSON file of prompts, see
            :func:`mmcxr.datasets.texts.prompts.load_prompt_table`; None for our own.
        num_negatives: None mentions every negative class and every uncertain one;
            a number mentions that many random negative classes and no uncertain one.
        num_texts: T; the paper has 2.
        mode: 'train' draws T reports; 'first' says the first sentence of each
            positive class, or of No Finding without one, in the order of the
            labels, T times the same.
        released: what CXR-CLIP's code does for a study without any label: an empty
            text in mode 'train', No Finding in mode 'first'. Otherwise such a study
            is an error: neither is true of it.
        rename: names of classes in the labels -> in the table; None renames
            'Effusion' to 'Pleural Effusion'. Case and underscores do not matter.

    A class whose list is empty for its label (No Finding denied, a class of
    ChestX-ray14 uncertain) is not mentioned.

    Raises:
        ValueError: from :meth:`transform`: a class that the table lacks, a label
            other than 1, 0 and -1, labels of which nothing can be said.
    """

    def __init__(
        self,
        table: str | None = None,
        num_negatives: int | None = None,
        num_texts: int = 2,
        mode: str = 'train',
        released: bool = False,
        rename: dict[str, str] | None = None,
    ):
        check_mode(mode, num_texts)
        self.path = table
        self.num_negatives = num_negatives
        self.num_texts = num_texts
        self.mode = mode
        self.released = released
        if rename is None:
            rename = {'Effusion': 'Pleural Effusion'}
        self.rename = {class_key(old): new for old, new in rename.items()}
        prompts = load_prompt_table(table)
        self.prompts = {class_key(name): entry for name, entry in prompts.items()}

    def transform(self, results: dict) -> dict:
        """Add ``texts``."""
        sides = self._sides(results)
        if not any(sides.values()) and not self.released:
            raise ValueError(
                f'{study_name(results)} has no label that the prompt table has a '
                'sentence for; leave the study out or give it a report'
            )
        if self.mode == 'first':
            positives = sides['pos'] or [self._entry('No Finding', results)['pos']]
            report = ' '.join(sentences[0] for sentences in positives)
            results['texts'] = [report] * self.num_texts
        else:
            results['texts'] = [self._draw(sides) for _ in range(self.num_texts)]
        return results

    def _draw(self, sides: dict[str, list[list[str]]]) -> str:
        if self.num_negatives is None:
            lists = [*sides['pos'], *sides['neg'], *sides['unc']]
        else:
            num = min(self.num_negatives, len(sides['neg']))
            lists = [*sides['pos'], *random.sample(sides['neg'], num)]
        report = [random.choice(sentences) for sentences in lists]
        random.shuffle(report)
        return ' '.join(report)

    def _sides(self, results: dict) -> dict[str, list[list[str]]]:
        """Sentence lists of the positive, negative and uncertain classes."""
        sides = {side: [] for side in SIDES.values()}
        for name, value in (results.get('labels') or {}).items():
            if math.isnan(value):
                continue
            if value not in SIDES:
                raise ValueError(
                    f'{study_name(results)}: label {name!r} is {value!r}, not 1, 0 or '
                    '-1'
                )
            sentences = self._entry(name, results)[SIDES[value]]
            if sentences:
                sides[SIDES[value]].append(sentences)
        return sides

    def _entry(self, name: str, results: dict) -> dict[str, list[str]]:
        key = class_key(name)
        key = class_key(self.rename.get(key, key))
        if key not in self.prompts:
            near = difflib.get_close_matches(key, self.prompts, n=1)
            hint = f' (nearest: {near[0]!r})' if near else ''
            raise ValueError(
                f'{study_name(results)}: the prompt table '
                f'{self.path or "of mmcxr"} has no class {name!r}{hint}; map it with '
                'rename, or leave its column out of the labels'
            )
        return self.prompts[key]
