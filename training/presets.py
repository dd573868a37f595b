"""Settings to start from, each with its command, the time that it takes and the score to expect."""

from dataclasses import replace

from training.config import DLIB, FitConfig

_SHALLOW = FitConfig(
    model="shallow", epochs=120, sizes=((0.0, 40),), learning_rate=0.02, dropout=0.0
)
_WIDE = FitConfig(
    model="wide",
    epochs=80,
    sizes=((0.0, 40),),
    learning_rate=0.02,
    dropout=0.3,
    precision="mixed_bfloat16",
)
_CROWD_LONGER = FitConfig(
    minutes=97,
    sizes=((0.0, 40),),
    learning_rate=0.03,
    raw_share=0.3,
    precision="mixed_bfloat16",
)
_CROWD_NOISE = replace(
    _CROWD_LONGER,
    minutes=94,
    sizes=((0.0, 48),),
    raw_share=0.45,
    contrast=0.35,
    brightness=0.15,
    noise=20.0,
)
_FACE_LONGER = replace(_CROWD_LONGER, minutes=98, sizes=((0.0, 48),), stem_pool=True)
_FACE = replace(_FACE_LONGER, initial_weights=DLIB, learning_rate=0.05)

# Times and scores of one seed on FER2013's six classes; "test" with views, as exported.
PRESETS = {
    # python -m training fit data/fer2013 runs/cpu --preset cpu
    # 95 minutes on two cores; val 67.4 %, test 68.6 %.
    "cpu": FitConfig(
        minutes=95, sizes=((0.0, 24), (0.3, 32), (0.7, 40)), precision="mixed_bfloat16"
    ),
    # python -m training fit data/fer2013 runs/longer --preset cpu-longer --start-from runs/cpu
    # 75 minutes more on two cores; val 69.1 %, test 70.7 %. Once more, --start-from runs/longer
    # --minutes 90: val 70.5 %, test 71.1 %.
    "cpu-longer": FitConfig(
        minutes=75,
        sizes=((0.0, 40), (0.6, 48)),
        learning_rate=0.025,
        precision="mixed_bfloat16",
    ),
    # python -m training fit data/fer2013 runs/again --preset cpu-again --start-from runs/taught \
    #     --teacher both.npz --teacher-weight 0.5
    # 85 minutes more on two cores; val 71.9 %, test 72.0 %.
    "cpu-again": FitConfig(
        minutes=85,
        sizes=((0.0, 40), (0.5, 48)),
        learning_rate=0.03,
        raw_share=0.3,
        precision="mixed_bfloat16",
    ),
    # python -m training fit data/fer2013 runs/crowd --preset crowd --start-from runs/again \
    #     --teacher again.npz --teacher-weight 0.5
    # 80 minutes more on one core without bfloat16, on a dataset with votes; crowd: 88.1 % of val's
    # majority, label: 71.2 % of val, both in float32.
    "crowd": FitConfig(minutes=80, sizes=((0.0, 40),), learning_rate=0.025, raw_share=0.3),
    # python -m training fit data/fer2013 runs/crowd-ways --preset crowd-ways \
    #     --start-from runs/crowd-longer --teacher ways.npz --teacher-weight 0.6 \
    #     --other-landmarks data/fer2013-yunet
    # 92 minutes more on one core; crowd: 88.0 % of val's majority, label: 71.1 % of val. Neither
    # it nor the mean of its weights and those of crowd-longer ships: training/README.md.
    "crowd-ways": replace(_CROWD_LONGER, minutes=92, learning_rate=0.025),
    # python -m training fit data/fer2013 runs/crowd-longer --preset crowd-longer \
    #     --start-from runs/crowd --teacher two.npz --teacher-weight 0.5
    # 97 minutes more on one core; crowd: 88.1 % of val's majority, label: 71.0 % of val; of test
    # 87.5 and 71.6 %.
    "crowd-longer": _CROWD_LONGER,
    # python -m training fit data/fer2013 runs/crowd-larger --preset crowd-larger \
    #     --start-from runs/crowd-longer --teacher ways.npz --teacher-weight 0.5
    # 74 minutes more on one core; crowd: 88.2 % of val's majority, label: 71.5 % of val; of test
    # 88.6 and 71.4 %. Once more, with --epochs 9 --learning-rate 0.025 and a better teacher, it
    # became crowd-again: training/README.md.
    "crowd-larger": replace(
        _CROWD_LONGER, minutes=None, epochs=7, sizes=((0.0, 48),), learning_rate=0.02
    ),
    # python -m training fit data/fer2013 runs/crowd-noise --preset crowd-noise \
    #     --start-from runs/crowd-again --teacher three-ways.npz --teacher-weight 0.6
    # 94 minutes more on one core; crowd: 87.4 % of val's majority, label: 71.1 % of val. The mean
    # of its weights and those of crowd-again is noise-mean: training/README.md.
    "crowd-noise": _CROWD_NOISE,
    # python -m training fit data/fer2013 runs/crowd-blur --preset crowd-blur \
    #     --start-from runs/noise-mean --teacher two-noise.npz --teacher-weight 0.6
    # 80 minutes more on one core; crowd: 87.2 % of val's majority, label: 69.7 % of val. The mean
    # of three parts of its weights and 17 of noise-mean's ships: training/README.md.
    "crowd-blur": replace(_CROWD_NOISE, minutes=80, learning_rate=0.025, raw_share=0.4, blur=2.0),
    # python -m training fit data/fer2013 runs/face --preset face --teacher ways.npz \
    #     --teacher-weight 0.6
    # 98 minutes on one core; crowd: 87.6 % of val's majority, label: 69.9 % of val; with the
    # mirror image 88.6 and 70.2 %.
    "face": _FACE,
    # python -m training fit data/fer2013 runs/face-blur --preset face-blur \
    #     --teacher two-noise.npz --teacher-weight 0.6
    # 112 minutes on one core; crowd: 87.9 % of val's majority, label: 68.8 % of val; with the
    # mirror image 88.4 and 69.2 %.
    "face-blur": replace(_FACE, minutes=112, contrast=0.25, brightness=0.15, noise=12.0, blur=1.5),
    # python -m training fit data/fer2013 runs/face-longer --preset face-longer \
    #     --start-from runs/face --teacher ways.npz --teacher-weight 0.6
    # Not measured yet.
    "face-longer": _FACE_LONGER,
    # python -m training fit data/fer2013 runs/gpu --preset gpu
    # 25 minutes on a GPU; not measured yet.
    "gpu": FitConfig(
        width=64, minutes=25, batch_size=128, learning_rate=0.1, precision="mixed_bfloat16"
    ),
    # For 100 to 5,000 pictures of one's own, from a network that is trained already:
    # python -m training fit data/mine runs/mine --preset tune
    # The score depends on the pictures. With the statistics of normalisation kept, rates of 0.005
    # came apart on drawn faces.
    "tune": FitConfig(
        epochs=20,
        batch_size=16,
        learning_rate=0.001,
        average_momentum=0.98,
        tunes=True,
        patience=5,
        class_weight=0.5,
    ),
    # The earlier networks; shallow and wide at the side at which they cost what was reported.
    # python -m training fit data/fer2013 runs/shallow --model shallow
    # 20 minutes on one busy core; with the mirror image val 63.9 %, test 65.4 %.
    "shallow": _SHALLOW,
    # python -m training fit data/fer2013 runs/snapshots --preset shallow-snapshots \
    #     --start-from runs/shallow
    # 13 minutes on one busy core; by the mean of all nine val 64.6 %, test 64.5 %.
    "shallow-snapshots": replace(_SHALLOW, epochs=54, cycles=9),
    # python -m training fit data/fer2013 runs/wide --model wide
    # 40 minutes on one busy core; with the mirror image val 65.2 %, test 66.3 %.
    "wide": _WIDE,
    # python -m training fit data/fer2013 runs/wide-snapshots --preset wide-snapshots \
    #     --start-from runs/wide
    # 24 minutes on one busy core; by the mean of all nine val 65.6 %, test 67.0 %.
    "wide-snapshots": replace(_WIDE, epochs=63, cycles=9),
    # python -m training fit data/fer2013 runs/vgg --model vgg
    # 50 minutes on one busy core; with the mirror image val 64.5 %, test 66.1 %. With dropout
    # between its narrow dense layers it learns nothing.
    "vgg": FitConfig(
        model="vgg",
        epochs=20,
        sizes=((0.0, 48),),
        learning_rate=0.01,
        dropout=0.0,
        precision="mixed_bfloat16",
    ),
    # python -m training fit data/fer2013-seven runs/alexlike --model alexlike
    # 34 minutes on one busy core; seven classes (aligned with --disgust keep), with the mirror
    # image val 61.0 %, test 62.4 %.
    "alexlike": FitConfig(
        model="alexlike",
        epochs=20,
        sizes=((0.0, 48),),
        learning_rate=0.02,
        dropout=0.3,
        precision="mixed_bfloat16",
    ),
    # For `python -m training geometries`, not for use: the network that learns most in a minute.
    "compare": replace(_SHALLOW, epochs=8, raw_share=0.0),
    # Tests whether all runs, in seconds on a small set; no score.
    "smoke": FitConfig(width=4, epochs=1, sizes=((0.0, 24),), batch_size=16),
}
