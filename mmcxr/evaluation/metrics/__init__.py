from .classification import ClassificationMetric
from .contrastive import ContrastiveLossMetric
from .label_loss import LabelLossMetric
from .restoration import RestorationMetric
from .retrieval import RetrievalMetric
from .segmentation import SegmentationMetric
