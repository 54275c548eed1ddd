"""A run that stops early, whole and resumed."""

import json

import pytest
import toy_parts

from mmcxr.engine.launch import train

# No epoch is better than the first by 100: the end after the first and three more.
STOP = """
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=20))
train_cfg = dict(by_epoch=True, max_epochs=12, val_interval=1)
custom_hooks = [dict(
    type='EarlyStopHook', monitor='toy/error', rule='less', min_delta=100.0,
    patience=3, strict=True)]
"""


@pytest.fixture
def config(tmp_path, repo_dir, monkeypatch):
    monkeypatch.setattr(toy_parts.ToyRegressor, 'LOSSES', [])
    return str(toy_parts.write_config(tmp_path, repo_dir, STOP))


def epochs(run) -> list[int]:
    """Epochs behind which there was a validation, in their order."""
    logs = sorted(run.glob('*/vis_data/scalars.json'))
    rows = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    return [row['step'] for row in rows if 'toy/error' in row]


def test_it_stops_and_goes_on_counting(config, tmp_path, monkeypatch):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    assert train(config, work_dir=str(whole)) == 0
    assert epochs(whole) == [1, 2, 3, 4]

    forward = toy_parts.ToyRegressor.forward
    iterations = []

    def stopping(self, x, y, sample_idx=None, mode='tensor'):
        iterations.append(mode)
        if iterations.count('loss') > 3 * 4:
            raise KeyboardInterrupt
        return forward(self, x, y, sample_idx, mode)

    with monkeypatch.context() as patch:
        patch.setattr(toy_parts.ToyRegressor, 'forward', stopping)
        with pytest.raises(KeyboardInterrupt):
            train(config, work_dir=str(parts))
    assert epochs(parts) == [1, 2, 3]
    assert train(config, work_dir=str(parts), resume='auto') == 0
    # The third validation came after the last checkpoint; the second is remembered.
    assert epochs(parts) == [1, 2, 3, 4, 5]
