"""What to tell a student of each mistake: what is wrong, and how to mend it."""

from __future__ import annotations

ADVICE: dict[str, str] = {
    # any piece
    "raised": "{what} stopped with {kind}: {message}. Call it by hand with a small array, and mend that first.",
    "returns-nothing": "{what} gives nothing back: end it with return.",
    "no-array": "{what} must be an array of numbers, and is not.",
    "not-finite": (
        "{what} holds NaN or infinity: look for the logarithm or the square root of a negative number, or for a "
        "learning rate that is too high."
    ),
    "shape": "{what} has the shape {found}, and {expected} is asked for.",
    # encoder
    "pixels-not-scaled": (
        'The pixels reach from {low:g} to {high:g}. Cross-entropy needs them in [0, 1]: images.astype("float32") / 255.'
    ),
    "one-output": (
        "The encoder must give two arrays, z_mean and z_log_var. Put two Dense layers side by side on the last hidden "
        "layer: keras.Model(inputs, [z_mean, z_log_var])."
    ),
    "sigma-not-log-variance": (
        "The second output is never negative, so it is a sigma or a variance, not z_log_var. Leave out its activation "
        "(softplus, exp, relu): a Dense layer without one gives any number."
    ),
    "mean-not-free": (
        "z_mean is never negative: leave out the activation of its Dense layer, so that it can be any number."
    ),
    # sampling
    "no-noise": (
        "z is z_mean, without noise: that is an autoencoder. Add exp(0.5 * z_log_var) times keras.random.normal(...)."
    ),
    "one-noise-per-batch": (
        "All images of a batch get the same noise. Draw it in the shape of z_mean, (batch, latents)."
    ),
    "one-noise-per-image": (
        "All latents of an image get the same noise. Draw it in the shape of z_mean, (batch, latents)."
    ),
    "same-noise-each-call": (
        "Two calls give the same noise. Do not pass a fixed number as seed: keep one keras.random.SeedGenerator in the"
        " layer."
    ),
    "mean-ignored": "z does not depend on z_mean: the noise must be added to it.",
    "not-normal": "The noise is not N(0, 1). Draw it with keras.random.normal.",
    "sigma-is-variance": (
        "The noise is multiplied by the variance exp(z_log_var). The standard deviation is its root: exp(0.5 * "
        "z_log_var)."
    ),
    "sigma-is-log-variance": (
        "The noise is multiplied by z_log_var itself. The standard deviation is exp(0.5 * z_log_var)."
    ),
    "sigma-ignored": (
        "The noise has the standard deviation 1 whatever z_log_var is. Multiply it by exp(0.5 * z_log_var)."
    ),
    "wrong-sigma": (
        "For z_log_var = {log_var} the draws have the standard deviations {found}. They should be exp(0.5 * z_log_var)"
        " = {sigma}."
    ),
    # decoder
    "no-sigmoid": (
        "The decoder's pixels reach from {low:.2f} to {high:.2f}, and must be probabilities in [0, 1]. End it with "
        'activation="sigmoid".'
    ),
    "softmax": (
        "The pixels of an image add up to 1: that is a softmax. Each pixel is a coin of its own: take a sigmoid."
    ),
    "decoder-blind": "The decoder gives the same image for every code: connect it to its input.",
    # reconstruction
    "pixel-mean": (
        "The cross-entropy is averaged over the pixels, so that the KL outweighs it hundreds of times and the model "
        "collapses. Sum over the pixels: axis=(1, 2, 3)."
    ),
    "not-summed": (
        "One number for each pixel is left. Sum over them: axis=(1, 2), after binary_crossentropy has averaged the one"
        " channel."
    ),
    "batch-sum": (
        "The cross-entropy is summed over the batch too, so that the loss depends on the batch size. Give one number "
        "for each image."
    ),
    "reconstruction-sign": (
        "The sign is wrong: this is log p(x given z), which is to grow. A loss is to fall: put a minus before it."
    ),
    "squared-error": (
        "This is the squared error. The lesson asks for binary cross-entropy: keras.losses.binary_crossentropy."
    ),
    "taken-for-logits": (
        "The decoder's probabilities are taken for logits. Either drop from_logits=True, or drop the decoder's sigmoid."
    ),
    "swapped": (
        "Image and reconstruction have changed places: the image comes first, as in binary_crossentropy(image, "
        "reconstruction)."
    ),
    "not-cross-entropy": (
        "The values are not those of binary cross-entropy: -sum(x * log(y) + (1 - x) * log(1 - y)) over the pixels."
    ),
    # KL
    "kl-sign": (
        "The sign is wrong: this KL is negative, and the loss would reward distance from the prior. The KL is -0.5 * "
        "sum(1 + z_log_var - z_mean^2 - exp(z_log_var))."
    ),
    "latent-mean": (
        "The KL is averaged over the latents, which makes beta smaller by their number. Sum over them: axis=-1."
    ),
    "kl-batch-sum": (
        "The KL is summed over the batch too, so that its weight depends on the batch size. Give one number for each "
        "image: axis=-1."
    ),
    "no-half": "The factor 0.5 is missing: this is twice the KL.",
    "kl-of-sigma": "The KL needs the variance exp(z_log_var), not the standard deviation exp(0.5 * z_log_var).",
    "log-variance-misread": (
        "z_log_var is read as if it were sigma or its square. The variance is exp(z_log_var), and its logarithm is "
        "z_log_var."
    ),
    "not-the-kl": (
        "The values are not those of the KL: 0.5 * sum(z_mean^2 + exp(z_log_var) - 1 - z_log_var) over the latents."
    ),
    # exercise 1
    "not-trained": (
        "The pieces are right, and the reconstructions leave {left:.0%} of the variance of the pixels unexplained. "
        "Train the model (fit), longer, or with a learning rate near 1e-3."
    ),
    # exercise 2
    "one-code": "All codes are the same. Draw one for each image: rng.standard_normal((images, latents)).",
    "uniform": (
        "No code is negative: these draws are uniform. The prior is N(0, I): rng.standard_normal((images, latents))."
    ),
    "around-encodings": (
        "These codes lie around encodings of test images: N(mu, sigma) gives reconstructions with noise, not new "
        "images. Draw from the prior N(0, I), without the encoder."
    ),
    "scale": (
        "The codes have the standard deviation {spread:.2f}, and those of N(0, I) have 1. A smaller one gives average "
        "images only, a larger one leaves the region that the decoder knows."
    ),
    "shifted": "The codes have the mean {shift:.2f}, and those of N(0, I) have 0.",
    "logits": "The generated pixels leave [0, 1]: they are logits. Apply a sigmoid.",
    "reconstructions": (
        "These are reconstructions of the test images. New images come from codes of the prior: decoder(z)."
    ),
    "not-decoded": "These images are not what the decoder makes of z: generated = decoder(z), with the same z.",
    # exercise 3
    "frames": (
        "The path has {found} images, and {frames} are asked for, both ends among them: np.linspace(0, 1, {frames})."
    ),
    "cross-fade": (
        "Pixels are mixed here, and the middle shows two ghosts. Mix the codes, z = (1 - t) * z_A + t * z_B, and "
        "decode each mixture."
    ),
    "reversed": "The path runs from B to A: z = (1 - t) * z_A + t * z_B starts at A.",
    "end-missing": "The path stops before B. The last share must be 1: np.linspace(0, 1, {frames}) has both ends.",
    "spherical": "This path is an arc. The exercise asks for the line z = (1 - t) * z_A + t * z_B.",
    "ends": (
        "The path must begin and end with the decoded codes of the two images. Take z_mean of A and of B, without "
        "noise, and decode it."
    ),
    "uneven": (
        "The ends are right, and between them the codes are not evenly spaced on the line: z = (1 - t) * z_A + t * z_B"
        " with t = np.linspace(0, 1, {frames})."
    ),
    # exercise 4
    "beta-on-reconstruction": (
        "beta multiplies the reconstruction: a larger beta would ask for sharper images. It belongs to the KL."
    ),
    "beta-on-both": "beta multiplies both terms, which only rescales the loss. It belongs to the KL alone.",
    "beta-ignored": "beta has no effect: multiply the KL by it.",
    "beta-divides": "The KL is divided by beta, and must be multiplied by it.",
    "kl-rewarded": "The KL is subtracted: the loss would reward distance from the prior. Add it.",
    "not-beta-loss": "The loss must be reconstruction + beta * kl.",
    "figures-missing": "The results lack {missing}.",
    "weighted-totals": (
        "The totals hold beta * KL, each with another beta: they do not say which model is better. Compare ELBO = "
        "-(reconstruction + KL), with beta = 1 for all."
    ),
    "elbo-sign": "The ELBO is -(reconstruction + KL): a bound on log p(x), which is to grow.",
    "not-the-elbo": "The ELBO must be -(reconstruction + KL) for each beta.",
    "kl-does-not-fall": (
        "The KL does not fall with beta: {kl} nats. Either beta did not reach the loss, or the KL was noted with its "
        "weight."
    ),
    # exercise 5
    "not-per-latent": (
        "dead_latents must give one answer for each latent: a single number hides a partial collapse. Measure over the"
        " images: axis=0."
    ),
    "by-mean": (
        "A healthy model is called dead: its z_mean is 0 on average and differs from image to image. Judge by the "
        "standard deviation over the images, z_mean.std(axis=0), not by the mean."
    ),
    "by-log-variance": (
        "A healthy model is called dead: its sigma is 1, and its z_mean tells the images apart all the same. Judge by "
        "z_mean.std(axis=0), not by z_log_var."
    ),
    "accuses-healthy": (
        "A latent whose z_mean has the standard deviation 0.4 is called dead, and it carries information. Lower the "
        "threshold: 0.1 is usual."
    ),
    "misses-collapse": (
        "A collapsed model is called healthy: its z_mean has the standard deviation 0.01 in every latent. That is near"
        " 0: 0.1 is a usual threshold."
    ),
    "wrong-axis": (
        "A collapsed model is called healthy: its z_mean is the same for all images. Measure the standard deviation "
        "over the images, axis=0, not over the latents."
    ),
    "misses-partial": (
        "Two latents live and three are dead, and the answer must say which. Compare each latent with the threshold by"
        " itself."
    ),
    "not-collapsed": (
        "The first model is not collapsed: {n} of its latents live. Raise the learning rate, for example to 3e-2."
    ),
    "not-cured": (
        "The second model is as dead as the first. Lower the learning rate to 1e-3, or raise beta from 0 to 1 over "
        "more steps."
    ),
    "autoencoder": (
        "The cure has switched the KL off for good: this is an autoencoder, whose prior says nothing. Let beta end at "
        "1."
    ),
    # homework
    "no-convolution": "The encoder has no convolution: the homework asks for Conv2D layers, with strides=2.",
    "latents": "The model has {found} latents, and {asked} are asked for.",
    "not-symmetric": (
        "The decoder does not mirror the encoder: for each Conv2D with strides=2 it needs a Conv2DTranspose with "
        "strides=2."
    ),
    "epochs": "It was trained for {epochs} epochs, and {asked} are asked for.",
    "not-the-prior": (
        "The generated images do not vary as those from N(0, I) do (standard deviation of a pixel {found:.2f} instead "
        "of {expected:.2f}). Draw z from N(0, I), unscaled."
    ),
    "same-class": "The path must join two different garments. Choose test images of two classes.",
    "not-recognizable": (
        "Everything asked for is there, and the samples are not yet recognizable: a classifier is {sure:.2f} sure of "
        "them ({real:.2f} of real images), they show {spread:.0%} of the variety of classes, and lie {far:.2f} times "
        "as far from real images as cross-fades do. Train longer."
    ),
    "not-smooth": (
        "Everything asked for is there, and the interpolations are not yet smooth: the largest step is {uneven:.2f} "
        "times the mean one (at most 2 is asked), and midpoints lie {far:.2f} times as far from real images as "
        "cross-fades do. Train longer, or lower the learning rate."
    ),
}
"""By the name of the mistake, in English; the ``{names}`` are what was measured."""
