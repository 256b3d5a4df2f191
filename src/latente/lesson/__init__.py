"""The lesson's checks: each takes what a student wrote, and says in a sentence what is wrong and how to mend it."""

from latente.lesson.beta import check_exercise_4
from latente.lesson.collapse import check_exercise_5
from latente.lesson.generation import check_exercise_2, check_exercise_3
from latente.lesson.homework import check_homework
from latente.lesson.networks import check_decoder, check_encoder, check_exercise_1
from latente.lesson.remark import Remark
from latente.lesson.sampling import check_sampling
from latente.lesson.student import student_model
from latente.lesson.terms import check_kl, check_reconstruction

__all__ = ["Remark", "check_decoder", "check_encoder", "check_kl", "check_reconstruction", "check_sampling"]
__all__ += ["check_exercise_1", "check_exercise_2", "check_exercise_3", "check_exercise_4", "check_exercise_5"]
__all__ += ["check_homework", "student_model"]
