# RSNA pneumonia boxes in BenchX's lists: 18,678 / 4,003 / 4,003 films. 68 % of the test
# films are of a patient who is in training too (the challenge's "patientId" names a film).
_base_ = './benchx_boxes_512.py'
data_root = 'data/rsna'
rsna_dataset = dict(type='RSNAPneumoniaSeg', data_root=data_root)
train_dataloader = dict(dataset=rsna_dataset)
val_dataloader = dict(dataset=rsna_dataset)
test_dataloader = dict(dataset=rsna_dataset)
