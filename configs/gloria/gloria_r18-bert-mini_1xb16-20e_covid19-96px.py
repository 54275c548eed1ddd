# GLoRIA in miniature on the COVID-19 Image Data Collection, real films with notes that
# anybody can have: a trial of the method on a few hundred films, not a published setting.
#
#   python tools/prepare_dataset.py covid19 SOURCE --out data/covid19
#   python tools/misc/train_tokenizer.py data/covid19 --scheme clean \
#       --vocab-size 1000 --out data/covid19/tokenizer
#   python tools/train.py configs/gloria/gloria_r18-bert-mini_1xb16-20e_covid19-96px.py
#
# Expected values: none.
_base_ = './gloria_r18-bert-mini_1xb32-10e_synthetic-96px.py'
tokenizer = dict(type='HFTokenizer', name='data/covid19/tokenizer', lowercase=True)
train_pipeline = _base_.train_pipeline
train_pipeline[2]['tokenizer'] = tokenizer
val_pipeline = _base_.val_pipeline
val_pipeline[2]['tokenizer'] = tokenizer
model = dict(tokenizer=tokenizer)
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        type='COVID19Pairs', data_root='data/covid19', split_scheme='clean',
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        type='COVID19Pairs', data_root='data/covid19', split_scheme='clean',
        pipeline=val_pipeline))
val_evaluator = dict(batch_size=16)
train_cfg = dict(max_epochs=20)
