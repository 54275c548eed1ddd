# BenchX's fine-tuning on RSNA Pneumonia, in its lists and chosen by F1.
_base_ = ['../datasets/rsna.py', './benchx_f1.py']
rsna_dataset = dict(_base_.rsna_dataset, split_scheme='benchx')
train_dataloader = dict(dataset=rsna_dataset)
val_dataloader = dict(dataset=rsna_dataset)
test_dataloader = dict(dataset=rsna_dataset)
