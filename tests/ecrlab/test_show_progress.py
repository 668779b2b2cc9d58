"""What a build, a push and a pull did, read from the events of real engines."""

import docker.errors
import pytest

from registries import image
from ecrlab import show


def outcomes(moved):
    return [(layer.id, layer.outcome) for layer in moved.layers]


def test_a_first_push_sends_every_layer(stream, capsys):
    pushed = show.push(stream("docker20-push-first"))
    assert {outcome for _, outcome in outcomes(pushed)} == {"pushed"}
    assert pushed.digest == "sha256:0b74fe0ba5bb9b5b3dd02548bd4fb565c2bf1c22949e0ece834fe818b733fd8b"
    assert pushed.error is None
    assert "Sent 5.0 MB of 5.0 MB." in capsys.readouterr().out


def test_layers_are_shown_from_the_lowest_up_whichever_way_the_engine_lists_them(stream):
    pushed, pulled = show.push(stream("docker20-push-first")), show.pull(stream("docker20-pull-fresh"))
    assert [layer.size > 1000 for layer in pushed.layers] == [layer.size > 1000 for layer in pulled.layers] == [True, True, False]


def test_the_picture_names_the_repository_without_its_address(stream):
    assert repr(show.push(stream("docker20-push-first"))).startswith("Push to web\n")
    assert repr(show.pull(stream("docker20-pull-fresh"))).startswith("Pull of web\n")


def test_pushing_again_sends_nothing(stream):
    pushed = show.push(stream("docker20-push-again"))
    assert {outcome for _, outcome in outcomes(pushed)} == {"already exists"}
    assert "Nothing had to travel. 3 layers were already there." in repr(pushed)


def test_a_changed_image_sends_only_the_layer_that_changed(stream):
    pushed = show.push(stream("docker20-push-changed"))
    assert outcomes(pushed) == [("fd9b97b654c1", "already exists"), ("e49979cd6e22", "already exists"), ("f192f904d7f5", "pushed")]
    assert "Sent 8 B. 2 layers were already there." in repr(pushed)


def test_layers_of_another_repository_are_mounted(stream):
    pushed = show.push(stream("docker20-push-mounted"))
    assert {outcome for _, outcome in outcomes(pushed)} == {"mounted"}
    assert "3 layers were mounted from another repository." in repr(pushed)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("docker20-push-no-login", "no basic auth credentials"),
        ("docker20-push-missing-image", "tag does not exist: localhost:4510/111122223333.dkr.ecr.us-east-1.amazonaws.com/web:nope"),
    ],
)
def test_a_failed_push_shows_dockers_own_words_and_does_not_raise(stream, name, error):
    pushed = show.push(stream(name))
    assert pushed.error == error
    assert pushed.digest is None
    assert f"failed: {error}" in repr(pushed)
    assert ">failed</span>" in pushed._repr_html_() and error in pushed._repr_html_()


def test_a_layer_that_was_under_way_when_the_push_failed_is_not_called_pushed(stream):
    assert "– not moved" in repr(show.push(stream("docker20-push-no-login")))


def test_the_containerd_image_store_tells_the_digest_in_a_sentence(stream):
    pushed = show.push(stream("containerd-push-changed"))
    assert pushed.digest == "sha256:7e4fe7430331d06558474cb762eb6b1993171ec1f80fe169888ba63f9ca48995"
    assert outcomes(pushed) == [("464c699585ae", "pushed"), ("1dcbb16c07f7", "already exists")]


def test_with_an_ecr_client_all_sizes_are_the_registrys_own(ecr, stream):
    events = list(stream("docker20-push-changed"))
    digest = ecr.put("web", image(1_100_000, 3_000_000, 105), "1.1")
    events[-1]["aux"]["Digest"] = digest
    events[-2]["status"] = f"1.1: digest: {digest} size: 946"
    pushed = show.push(iter(events), ecr)
    # the classic image store lists layers from the top, the registry from the bottom
    assert [(layer.id, layer.size) for layer in pushed.layers] == [("fd9b97b654c1", 1_100_000), ("e49979cd6e22", 3_000_000), ("f192f904d7f5", 105)]
    assert "Sent 105 B of 4.1 MB." in repr(pushed)


def test_the_sizes_of_an_image_that_the_registry_no_longer_has_stay_the_engines(ecr, stream):
    assert [layer.size for layer in show.push(stream("docker20-push-first"), ecr).layers] == [1982256, 3000000, 7]


def test_a_pull_with_an_ecr_client_tells_the_size_of_all_layers(ecr, stream):
    events = list(stream("docker20-pull-changed"))
    document = image(1_100_000, 3_000_000, 105)
    for layer, id in zip(document["layers"], ("1dcbb16c07f7", "aa3c948a81ef", "0d3e1a12bece")):
        layer["digest"] = "sha256:" + id.ljust(64, "0")
    digest = ecr.put("web", document, "1.1")
    events[-2]["status"] = f"Digest: {digest}"
    assert "Received 105 B of 4.1 MB. 2 layers were already there." in repr(show.pull(iter(events), ecr))


def test_a_fresh_pull_receives_every_layer(stream):
    pulled = show.pull(stream("docker20-pull-fresh"))
    assert {outcome for _, outcome in outcomes(pulled)} == {"pulled"}
    assert pulled.digest.startswith("sha256:0b74fe0ba5bb")
    assert "Received 4.1 MB of 4.1 MB." in repr(pulled)


def test_a_pull_receives_only_the_layers_that_are_missing(stream):
    assert "Received 105 B. 2 layers were already there." in repr(show.pull(stream("docker20-pull-changed")))


def test_a_pull_of_what_is_here_already_says_so(stream):
    assert "Nothing had to travel: the image was here already." in repr(show.pull(stream("docker20-pull-up-to-date")))


def test_a_build_shows_each_step_and_the_image(stream):
    built = show.build(stream("docker20-build-cached"))
    assert [(step.number, step.outcome) for step in built.steps] == [
        (1, "starts empty"), (2, "taken from the cache"), (3, "taken from the cache"), (4, "taken from the cache"), (5, "done"), (6, "done"),
    ]  # fmt: skip
    assert built.steps[4].instruction == "COPY app /app"
    assert built.image == "sha256:2822fb9a5569f3571b7bba00fe9db61c2ee36eefdb8e3de7517d68b17dfca92d"


@pytest.mark.parametrize(
    ("name", "failed_step"), [("docker20-build-missing-file", "COPY nothing /x"), ("docker20-build-run-fails", 'RUN ["/bin/busybox","false"]')]
)
def test_a_failed_build_names_the_step_and_does_not_raise(stream, name, failed_step):
    built = show.build(stream(name))
    assert built.image is None
    assert built.error
    assert (built.steps[-1].instruction, built.steps[-1].outcome) == (failed_step, "failed")


def test_what_the_engine_refuses_outright_is_shown_too():
    def refused():
        raise docker.errors.APIError("400 Client Error", explanation="dockerfile parse error line 1: unknown instruction: FRM")
        yield

    built = show.build(refused())
    assert built.error == "dockerfile parse error line 1: unknown instruction: FRM"


def test_the_same_events_give_the_same_page(stream):
    first, second = show.push(stream("docker20-push-first")), show.push(stream("docker20-push-first"))
    assert first._repr_html_() == second._repr_html_()


def test_a_client_of_the_public_registry_which_cannot_be_asked_for_sizes_is_no_error():
    class PublicClient:
        """ecr-public has no BatchGetImage."""

    events = [{"status": "Pushing", "id": "aaaaaaaaaaaa"}, {"status": "Pushed", "id": "aaaaaaaaaaaa"}, {"aux": {"Tag": "1.0", "Digest": "sha256:" + "0" * 64}}]
    assert show.push(events, PublicClient()).error is None
