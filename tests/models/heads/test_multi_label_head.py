import pytest
import torch
from mmengine.structures import BaseDataElement
from torch.nn import functional as F

from mmcxr.models.heads import MultiLabelHead


def test_loss_and_scores():
    head = MultiLabelHead(num_classes=3, in_channels=7)
    features = torch.randn(5, 7)
    labels = (torch.arange(15).view(5, 3) % 2).float()
    samples = [BaseDataElement(gt_label=row) for row in labels]
    logits = features @ head.fc.weight.T + head.fc.bias
    expected = F.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(head.loss(features, samples)['loss'], expected)
    torch.testing.assert_close(head.predict(features), logits.sigmoid())
    assert set(head.state_dict()) == {'fc.weight', 'fc.bias'}


def test_policy_reaches_the_loss():
    samples = [BaseDataElement(gt_label=torch.tensor([-1.0, -1.0]))]
    losses = {}
    for policy in ('zeros', 'ones', 'ignore'):
        head = MultiLabelHead(2, 3, uncertain=policy)
        head.fc.weight.data.zero_()
        head.fc.bias.data.fill_(2.0)
        losses[policy] = head.loss(torch.zeros(1, 3), samples)['loss'].item()
    assert losses['ignore'] == 0 < losses['ones'] < losses['zeros']


def test_unknown_policy():
    with pytest.raises(ValueError, match='maybe'):
        MultiLabelHead(2, 3, uncertain='maybe')
