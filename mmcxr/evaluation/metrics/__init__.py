from .classification import ClassificationMetric
from .contrastive import ContrastiveLossMetric
from .retrieval import RetrievalMetric
from .segmentation import SegmentationMetric
