"""Classes of which a film has exactly one."""

import torch
from mmengine.structures import BaseDataElement
from sklearn.metrics import log_loss

from mmcxr.models.heads import SingleLabelHead


def test_loss_and_probabilities_are_of_a_softmax():
    torch.manual_seed(0)
    head = SingleLabelHead(num_classes=4, in_channels=6)
    features, chosen = torch.randn(5, 6), [0, 3, 3, 1, 2]
    samples = []
    for number in chosen:
        sample = BaseDataElement()
        sample.gt_label = torch.eye(4)[number]
        samples.append(sample)
    scores = head.predict(features).detach()
    torch.testing.assert_close(scores.sum(1), torch.ones(5))
    found = head.loss(features, samples)['loss']
    expected = log_loss(chosen, scores.double().numpy(), labels=[0, 1, 2, 3])
    torch.testing.assert_close(found.item(), expected, rtol=1e-5, atol=1e-6)
    # The slope of the bias is the mean of probability less truth.
    found.backward()
    truth = torch.eye(4)[chosen]
    torch.testing.assert_close(head.fc.bias.grad, (scores - truth).mean(0))
