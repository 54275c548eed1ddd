# SIIM-ACR pneumothorax masks in MRM's lists: 7,969 films to train on, 1,898 and 1,904
# to validate and test. These lists leak: 26 % of the test films are training films too
# (the results name the number). A split without shared patients or near duplicates:
#   --cfg-options train_dataloader.dataset.split_scheme=clean \
#       val_dataloader.dataset.split_scheme=clean test_dataloader.dataset.split_scheme=clean
_base_ = './film_masks_512.py'
data_root = 'data/siim'
siim_dataset = dict(
    type='SIIMPneumothoraxSeg', data_root=data_root, split_scheme='mrm')
train_dataloader = dict(dataset=siim_dataset)
val_dataloader = dict(dataset=siim_dataset)
test_dataloader = dict(dataset=siim_dataset)
