# MoCo-CXR (https://arxiv.org/abs/2010.05352), DenseNet-121, pre-trained on CheXpert with the
# numbers of the released code (github.com/stanfordmlgroup/MoCo-CXR): the published file
# d1w-00001.
#
#   python tools/prepare_dataset.py chexpert SOURCE --out data/chexpert
#   python tools/train.py configs/moco_cxr/moco-cxr_d121_1xb16-20e_chexpert-320px.py
#
# On several GPUs, films for keys are shuffled over them. The rate is that of 16 films:
#   tools/dist_train.sh CONFIG 4 --cfg-options train_dataloader.batch_size=4
# Expected (read off the paper's figures, +-0.002): AUROC of Pleural Effusion on CheXpert's
# test at 0.1, 1, 10, 100 % of labels .775, .833, .839, .845 by a linear probe and .795,
# .877, .920, .953 fine-tuned (configs/benchmarks). Not measured here.
# Differs from the released code: K need not be a multiple of the batch, and the key
# encoder has seen the last update too.
_base_ = [
    '../_base_/models/moco-cxr_d121.py',
    '../_base_/datasets/chexpert_crops_320.py',
    '../_base_/schedules/moco-cxr_adam_20e.py',
    '../_base_/default_runtime.py',
]
