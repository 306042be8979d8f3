"""How the tasks are worded: ten sentences each, of which the last two are kept from training.

A model that has learned one sentence has not learned the task. The two held-out wordings occur in
validation and test only. `{a}`, `{b}`, `{span}` and the like are filled from a question's subject;
a sentence may leave out nothing of the subject, or two texts with different answers would look
alike.
"""

from collections.abc import Mapping
from typing import Final

HELD_OUT: Final = 2
"""So many of each task's wordings, its last ones, occur in validation and test only."""

WORDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "closest_pair": (
        "Which of these pairs of columns is closest in the Feature DTW panel?",
        "In the Feature DTW panel, which pair has the smallest distance?",
        "Which two columns have the most similar course by dynamic time warping?",
        "Read the Feature DTW panel: for which pair is the distance lowest?",
        "Four pairs of columns are listed. Which one has the least Feature DTW distance?",
        "By Feature DTW, which of the pairs lies nearest to each other?",
        "Compare the four cells of Feature DTW. Which pair's cell shows the smallest value?",
        "Which pair warps onto each other at the lowest cost, as the Feature DTW panel shows?",
        "Of the pairs below, which is least far apart in Feature DTW?",
        "Find the pair whose Feature DTW distance is the minimum among the four.",
    ),
    "most_correlated": (
        "Which of these pairs has the highest Feature Pearson correlation?",
        "In the Feature Pearson panel, which pair's cell is the most positive?",
        "Which two columns have the most similar spectra by Pearson correlation?",
        "Read the Feature Pearson panel: for which pair is the correlation largest?",
        "Four pairs of columns are listed. Which one is most strongly positively correlated there?",
        "By Feature Pearson, which of the pairs agrees best?",
        "Compare the four cells of Feature Pearson. Which one shows the largest value?",
        "Whose FFT magnitudes correlate most, as the Feature Pearson panel shows?",
        "Of the pairs below, which has the top value in the Feature Pearson panel?",
        "Find the pair whose Feature Pearson correlation is the maximum among the four.",
    ),
    "least_correlated": (
        "Which of these pairs has the lowest Feature Pearson correlation?",
        "In the Feature Pearson panel, which pair's cell is the least positive or most negative?",
        "Which two columns have the least similar spectra by Pearson correlation?",
        "Read the Feature Pearson panel: for which pair is the correlation smallest?",
        "Four pairs of columns are listed. Which one has the smallest correlation there?",
        "By Feature Pearson, which of the pairs agrees worst?",
        "Compare the four cells of Feature Pearson. Which one shows the smallest value?",
        "Whose FFT magnitudes correlate least, as the Feature Pearson panel shows?",
        "Of the pairs below, which has the bottom value in the Feature Pearson panel?",
        "Find the pair whose Feature Pearson correlation is the minimum among the four.",
    ),
    "span_relation": (
        "By the Time Pearson panel, how do {span} relate to {other}?",
        "Look at the block of Time Pearson where {span} meet {other}. What does it say of them?",
        "Are {span} and {other} alike, opposite or unrelated in the Time Pearson panel?",
        "How are {span} and {other} correlated on average in the Time Pearson panel?",
        "Take the cells of Time Pearson between {span} and {other}. Which word fits their mean?",
        "Which relation do {span} and {other} have, judged by Time Pearson?",
        "In Time Pearson, is the block between {span} and {other} positive, negative or neutral?",
        "Describe how {span} compare with {other} in the Time Pearson panel.",
        "What is the relation of {other} to {span}, as the Time Pearson panel shows it?",
        "Judge the mean Time Pearson correlation of {span} with {other}.",
    ),
    "odd_column": (
        "Which of these columns is farthest from all other columns in the Feature DTW panel?",
        "In the Feature DTW panel, which column's row is the largest on average?",
        "Which column is least like all the others by dynamic time warping?",
        "Read the Feature DTW panel: which column stands apart the most?",
        "Four columns are listed. Which has the largest mean Feature DTW distance to the others?",
        "By Feature DTW, which of these columns is the odd one out?",
        "Compare the rows of Feature DTW. Which of these columns has the highest mean distance?",
        "Which column's course differs most from all other columns, as Feature DTW shows?",
        "Of the columns below, which has the greatest average distance in Feature DTW?",
        "Find the column whose Feature DTW distances to all others are largest on average.",
    ),
    "returning_span": (
        "Which of these spans is most like {span} in the Time DTW panel?",
        "In the Time DTW panel, which span has the smallest mean distance to {span}?",
        "To which of these spans does the state of {span} come closest, by Time DTW?",
        "Read the Time DTW panel: which span resembles {span} most?",
        "Four spans are listed. Which one is nearest to {span} in Time DTW?",
        "By Time DTW, in which span is the system most as it is in {span}?",
        "Compare the blocks of Time DTW between {span} and these spans. Which is the smallest?",
        "Which span repeats what happens in {span} best, as the Time DTW panel shows?",
        "Of the spans below, which is least far from {span} in Time DTW?",
        "Find the span whose mean Time DTW distance to {span} is the minimum.",
    ),
    "odd_span": (
        "Cut the window into eight equal spans. Which of these is farthest from the other seven in "
        "the Time DTW panel?",
        "In the Time DTW panel, which of these spans, each an eighth of the window, has the "
        "largest mean distance to the other spans?",
        "Which of these eighths of the window is least like the rest by Time DTW?",
        "Read the Time DTW panel: which of these spans stands apart the most from the rest?",
        "Four of the window's eight spans are listed. Which differs most from the others in Time "
        "DTW?",
        "By Time DTW, which of these spans is the most unusual part of the window?",
        "Compare the stripes of Time DTW. Which of these spans has the highest mean distance to "
        "the rest of the window?",
        "Which of these spans behaves least like the rest of the window, as Time DTW shows?",
        "Of the spans below, which has the greatest average Time DTW distance to the rest?",
        "Find the span whose mean Time DTW distance to the rest of the window is the maximum.",
    ),
    "break": (
        "At which of these steps does the Time DTW panel break in two most clearly?",
        "In the Time DTW panel, which step separates two unlike parts of the window best?",
        "Where does the window change most: at which of these steps, by Time DTW?",
        "Read the Time DTW panel: before and from which step do the two sides differ most?",
        "Four steps are listed. At which is the contrast between the sides largest in Time DTW?",
        "By Time DTW, which of these steps is the best place to cut the window in two?",
        "Compare cuts of Time DTW. At which step do before and after differ most?",
        "Which step splits the window into the two most different blocks, as Time DTW shows?",
        "Of the steps below, which is the strongest change point in the Time DTW panel?",
        "Find the step whose two-block contrast in Time DTW is the maximum.",
    ),
    "frame_pair": (
        "In part {part} of the video, which of these pairs is closest in Feature DTW?",
        "Look at frame {part}. Which pair has the smallest Feature DTW distance?",
        "Which pair is least far apart in the Feature DTW panel of part {part}?",
        "Read the Feature DTW panel of frame {part}: for which pair is the distance lowest?",
        "Stop the video at part {part}. Which pair has the least Feature DTW distance?",
        "By the Feature DTW panel of part {part}, which of the pairs lies nearest to each other?",
        "In frame {part}, which of the four cells of Feature DTW shows the smallest value?",
        "Which pair warps onto each other at the lowest cost in part {part} of the video?",
        "Of the pairs below, which is nearest in Feature DTW when frame {part} is shown?",
        "Find the pair with the minimum Feature DTW distance in part {part}.",
    ),
    "pearson_part": (
        "In which of these parts of the video is the Feature Pearson correlation of {a} and {b} "
        "largest?",
        "When do {a} and {b} correlate most in the Feature Pearson panel?",
        "Watch the Feature Pearson cell of {a} and {b}. In which part is it most positive?",
        "Which part of the video shows the highest Feature Pearson value for {a} and {b}?",
        "Four parts are listed. In which do the spectra of {a} and {b} agree best?",
        "Follow {a} and {b} through the frames: where is their Feature Pearson at its highest?",
        "Compare the frames. In which is the Feature Pearson correlation of {a} with {b} greatest?",
        "At which of these parts are {a} and {b} most correlated, as Feature Pearson shows?",
        "Of the parts below, which has the top Feature Pearson value for {a} and {b}?",
        "Find the part in which the Feature Pearson correlation between {a} and {b} is maximal.",
    ),
    "count_parts": (
        "In how many parts of the video are {pair} closer in Feature DTW than {rival}?",
        "Count the frames in which Feature DTW is smaller for {pair} than for {rival}.",
        "How many frames show {pair} nearer to each other than {rival}, by Feature DTW?",
        "For how many parts is the Feature DTW distance of {pair} below that of {rival}?",
        "Watch Feature DTW. How often are {pair} less far apart than {rival}?",
        "Through the video, in how many parts do {pair} beat {rival} in having a small Feature DTW "
        "distance?",
        "Compare {pair} with {rival} in each frame. In how many is the first Feature DTW smaller?",
        "What is the number of parts in which {pair} are closer than {rival} in Feature DTW?",
        "How many of the parts have a lower Feature DTW for {pair} than for {rival}?",
        "Tell how many parts there are in which Feature DTW puts {pair} closer than {rival}.",
    ),
    "first_part": (
        "In which part of the video are {pair} first closer in Feature DTW than {rival}?",
        "When does Feature DTW first become smaller for {pair} than for {rival}?",
        "Which is the first frame that shows {pair} nearer to each other than {rival}, by Feature "
        "DTW?",
        "From the start of the video, where is Feature DTW of {pair} first below that of {rival}?",
        "Watch Feature DTW. What is the first part in which {pair} are less far apart than "
        "{rival}?",
        "Does the Feature DTW distance of {pair} ever fall below that of {rival}, and where first?",
        "Compare {pair} with {rival} frame by frame. Where is the first Feature DTW first smaller?",
        "What is the earliest part in which {pair} are closer than {rival} in Feature DTW?",
        "At which part does {pair} for the first time have a lower Feature DTW than {rival}?",
        "Tell the first part in which Feature DTW puts {pair} closer than {rival}.",
    ),
    "drift": (
        "Over the parts of the video, do {a} and {b} come together or drift apart in Feature DTW?",
        "Watch the Feature DTW cell of {a} and {b}. Which way does it go from frame to frame?",
        "As the video goes on, how does the Feature DTW distance of {a} and {b} change, relative "
        "to the other distances?",
        "Judged by the colours of Feature DTW, what do {a} and {b} do over the parts?",
        "Follow {a} and {b} through the frames: does their Feature DTW colour move to near or far?",
        "Which trend do {a} and {b} show in Feature DTW from the first to the last part?",
        "Compare the frames in order. Does Feature DTW bring {a} and {b} together or apart?",
        "From part to part, is the cell of {a} and {b} in Feature DTW falling or rising?",
        "What happens between {a} and {b} in the Feature DTW panels during the video?",
        "Tell the direction in which the Feature DTW distance of {a} and {b} moves over the parts.",
    ),
    "same_window": (
        "Were the picture and the video drawn from the same window?",
        "Does the video show the parts of the window in the picture?",
        "Do picture and video belong together?",
        "Is the video made of the same rows as the picture?",
        "Compare the diagonal of Time DTW with the frames of the video. Are they of one window?",
        "Could the frames be patches of the window in the picture?",
        "Is this the video of this picture?",
        "Do the frames repeat what the picture shows along its diagonal?",
        "Are picture and video two views of one window?",
        "Tell whether picture and video come from one and the same window.",
    ),
    "which_figure": (
        "In which of the two pictures is the Feature Pearson correlation of {a} and {b} larger?",
        "Two windows are shown. In which do {a} and {b} correlate more in Feature Pearson?",
        "Compare the Feature Pearson cell of {a} and {b} in both pictures. Where is it larger?",
        "Which picture has the higher Feature Pearson value for {a} and {b}?",
        "In which window do the spectra of {a} and {b} agree better?",
        "Look at {a} and {b} in both Feature Pearson panels. Which one is more positive?",
        "By Feature Pearson, in which of the two windows are {a} and {b} more alike?",
        "Where is the correlation of {a} with {b} greater: which picture's Feature Pearson?",
        "Of the two pictures, which shows {a} and {b} more strongly correlated in Feature Pearson?",
        "Tell in which picture Feature Pearson is larger for {a} and {b}.",
    ),
}
"""The wordings by task."""
