"""What must have happened before models of mmpretrain or mmseg are imported."""

from .torchvision_schema import ensure_torchvision


def prepare_sister_libraries() -> None:
    """Let their models import; harmless when repeated.

    torchvision must import, also beside a CPU build of torch. And mmpretrain's
    multimodal models stay out: where pycocotools is installed, their code fails to
    import with transformers 5 and takes all of mmpretrain along.
    """
    ensure_torchvision()
    from mmpretrain.utils import dependency

    dependency.WITH_MULTIMODAL = False
