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


def test_norm_before_the_linear_layer():
    head = MultiLabelHead(num_classes=3, in_channels=7, norm=True)
    assert set(head.state_dict()) == {
        'norm.weight',
        'norm.bias',
        'fc.weight',
        'fc.bias',
    }
    head.norm.weight.data.uniform_(0.5, 2)
    head.norm.bias.data.normal_()
    features = 5 + 3 * torch.randn(5, 7)
    centred = features - features.mean(1, keepdim=True)
    variance = centred.square().mean(1, keepdim=True)
    normed = centred / (variance + 1e-6).sqrt() * head.norm.weight + head.norm.bias
    expected = normed @ head.fc.weight.T + head.fc.bias
    torch.testing.assert_close(head(features), expected)
    # The eps is the one of vision transformers, not torch's 1e-5.
    faint = 1e-3 * torch.randn(1, 7)
    variance = faint.var(unbiased=False)
    normed = (faint - faint.mean()) / (variance + 1e-6).sqrt()
    expected = F.linear(normed * head.norm.weight + head.norm.bias, head.fc.weight)
    torch.testing.assert_close(head(faint), expected + head.fc.bias)


def test_start_close_to_one_half():
    torch.manual_seed(0)
    head = MultiLabelHead(num_classes=14, in_channels=768, init_std=2e-5)
    assert torch.equal(head.fc.bias, torch.zeros(14))
    torch.testing.assert_close(
        head.fc.weight.std(), torch.tensor(2e-5), rtol=0.05, atol=0
    )
    head.init_weights()  # as the runner does before training
    scores = head.predict(torch.randn(4, 768))
    torch.testing.assert_close(scores, torch.full((4, 14), 0.5), rtol=0, atol=1e-3)
    assert MultiLabelHead(14, 768).fc.weight.std() > 1e-3


def test_dropout_in_training_only():
    torch.manual_seed(0)
    head = MultiLabelHead(num_classes=2, in_channels=4000, dropout=0.2)
    features = torch.ones(1, 4000)
    kept = head.eval()(features)
    torch.testing.assert_close(kept, head.fc(features))
    head.fc.weight.data.fill_(1 / 4000)
    head.fc.bias.data.zero_()
    dropped = head.train()(features)  # what is kept is divided by 0.8
    torch.testing.assert_close(dropped, torch.ones(1, 2), rtol=0, atol=0.05)
    assert (dropped != 1).all()


def test_both_sides_of_a_finding_weighed_alike():
    """One present of four: with the ratio 3, the best constant score is one half."""
    labels = torch.tensor([1.0, 0, 0, 0])
    samples = [BaseDataElement(gt_label=label[None]) for label in labels]
    head = MultiLabelHead(1, 1, pos_weight=3)
    head.fc.weight.data.zero_()
    head.fc.bias.data.zero_()
    head.loss(torch.ones(4, 1), samples)['loss'].backward()
    assert head.fc.bias.grad.abs() < 1e-7
    assert 'pos_weight' not in head.state_dict()


@pytest.mark.parametrize('weight', [0, -1, [1, 2, 3], [[1, 2]]])
def test_weights_that_fit_nothing(weight):
    with pytest.raises(ValueError, match='one for each of the 2 findings'):
        MultiLabelHead(2, 3, pos_weight=weight)
