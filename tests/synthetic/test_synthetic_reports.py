"""Reports of synthetic films: labels are what the sentences say."""

import re
from collections import Counter

import numpy as np
import pytest

from mmcxr.synthetic.plan import FINDINGS, plan_patient, stream
from mmcxr.synthetic.report import write_report

WORDS = {
    'Cardiomegaly': r'cardiomegaly|heart|cardiac',
    'Pleural Effusion': r'effusion|pleural fluid',
    'Pneumothorax': r'pneumothorax',
    'Consolidation': r'consolidation|airspace opacity',
    'Nodule': r'nodul',
    'Atelectasis': r'atelectasis',
    'Edema': r'edema',
}
DENIED = r'\b(no|not|negative|resolved|resolution|normal)\b'
DOUBTED = r'\b(possible|questionable|may|could|cannot)\b'
WELL = r'clear|appearance of both lungs|no acute (cardio|find)|normal chest'
WELL += r'|examination of the chest|acute disease'


@pytest.fixture(scope='module')
def studies():
    """400 patients, planned but not drawn: (patient, study, report)."""
    return [
        (patient, study, write_report(study, stream(0, index, study.number, 1)))
        for index in range(400)
        for patient, visits in [plan_patient(0, index)]
        for study in visits
    ]


def read_labels(report):
    """Labels of a report by keywords, one sentence at a time."""
    labels = {}
    text = f'{report.findings} {report.impression}'
    for sentence in re.split(r'(?<=\.)\s+', text.lower()):
        doubted = re.search(DOUBTED, sentence)
        denied = re.search(DENIED, sentence)
        for name, words in WORDS.items():
            if re.search(words, sentence):
                label = -1 if doubted else 0 if denied else 1
                assert labels.get(name, label) == label, text
                labels[name] = label
        if re.search(WELL, sentence):
            labels['No Finding'] = 1
    if 1 in (labels.get(name) for name in FINDINGS):
        assert 'No Finding' not in labels, text
        labels['No Finding'] = 0
    return labels


def test_labels_are_what_the_report_says(studies):
    for _, _, report in studies:
        assert read_labels(report) == report.labels


def test_report_says_what_was_drawn(studies):
    for _, study, report in studies:
        for name in FINDINGS:
            label = report.labels.get(name)
            if name in study.drawn:
                assert label in (1, -1)
            else:
                assert label in (0, -1, None)
        healthy = not study.findings
        assert report.labels.get('No Finding') in ((1, None) if healthy else (0, None))


def test_report_names_side_severity_and_place(studies):
    sides = {'right', 'left', 'bilateral'}
    for _, study, report in studies:
        for finding in study.findings:
            if finding.name in ('Cardiomegaly', 'Edema'):
                continue
            words = WORDS[finding.name]
            for text in filter(None, (report.findings, report.impression)):
                found = [
                    sentence
                    for sentence in re.split(r'(?<=\.)\s+', text.lower())
                    if re.search(words, sentence) and not re.search(DENIED, sentence)
                ]
                side = finding.side
                said = set(re.findall(r'right|left|bilateral|lingula', ' '.join(found)))
                said = {'left' if word == 'lingula' else word for word in said}
                assert said & sides == {side}, found


def test_wording_varies_and_sections_are_seldom_missing(studies):
    reports = [report for _, _, report in studies]
    assert len({report.findings for report in reports}) > 0.9 * len(reports)
    assert 0.03 < np.mean([not (r.findings and r.impression) for r in reports]) < 0.12
    assert any(not r.findings for r in reports)
    assert any(not r.impression for r in reports)
    assert all(report.findings or report.impression for report in reports)
    stated = Counter(r.labels[n] for r in reports for n in FINDINGS if n in r.labels)
    assert stated[-1] < 0.05 * sum(stated.values())
    for name in FINDINGS:
        assert sum(report.labels.get(name) == 1 for report in reports) > 30


def test_studies_evolve(studies):
    visits = Counter(study.patient for _, study, _ in studies)
    films = sum(len(study.views) for _, study, _ in studies)
    assert set(visits.values()) == {1, 2, 3, 4}
    assert 1.4 < films / len(studies) < 1.6
    changes = Counter(f.change for _, study, _ in studies for f in study.findings)
    assert set(changes) == {'', 'new', 'unchanged', 'increased', 'decreased'}
    assert any('resol' in report.findings for _, _, report in studies)
    for _, study, _ in studies:
        fluid = study.drawn.get('Pleural Effusion')
        air = study.drawn.get('Pneumothorax')
        assert not (fluid and air and set(fluid.sides) & set(air.sides))
        assert study.number > 1 or not study.resolved
