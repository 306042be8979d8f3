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
        "In which of the two figures is the Feature Pearson correlation of {a} and {b} larger?",
        "Two windows are shown. In which do {a} and {b} correlate more in Feature Pearson?",
        "Compare the Feature Pearson cell of {a} and {b} in both figures. Where is it larger?",
        "Which figure has the higher Feature Pearson value for {a} and {b}?",
        "In which window do the spectra of {a} and {b} agree better?",
        "Look at {a} and {b} in both Feature Pearson panels. Which one is more positive?",
        "By Feature Pearson, in which of the two windows are {a} and {b} more alike?",
        "Where is the correlation of {a} with {b} greater: which figure's Feature Pearson?",
        "Of the two figures, which shows {a} and {b} more strongly correlated in Feature Pearson?",
        "Tell in which figure Feature Pearson is larger for {a} and {b}.",
    ),
    "cell_value": (
        "Which number is printed in the {panel} panel for {a} and {b}?",
        "Read the cell of {a} and {b} in {panel}. What does it say?",
        "What is the {panel} value of {a} and {b}, as the figure prints it?",
        "In the {panel} panel, find the cell where {a} meets {b}. Which number is in it?",
        "Tell the number in the cell of {panel} for {a} with {b}.",
        "Which value does the {panel} panel give for the pair {a} and {b}?",
        "Find {a} and {b} in {panel} and read off their number.",
        "What number stands where the row of {a} crosses the column of {b} in {panel}?",
        "How large is {panel} between {a} and {b}, by the number in its cell?",
        "Look up {a} against {b} in the {panel} panel: which number do you read?",
    ),
    "rhythm": (
        "Which of these lags has the strongest diagonal in the Time Pearson panel?",
        "In the Time Pearson panel, steps so far apart agree most. Which of these lags is it?",
        "After which of these lags does the window repeat itself best, by Time Pearson?",
        "Read the diagonals of Time Pearson: which of these lags has the largest mean correlation?",
        "Some lags are listed. At which is the mean along the diagonal of Time Pearson largest?",
        "By Time Pearson, which of these lags fits the rhythm of the window best?",
        "Compare the diagonals of Time Pearson. Which of these lags is the most positive one?",
        "How far apart are the steps that are most alike on average, as Time Pearson shows?",
        "Of the lags below, which has the highest mean along its diagonal in Time Pearson?",
        "Find the lag whose diagonal in the Time Pearson panel has the maximum mean.",
    ),
    "frame_correlated": (
        "In part {part} of the video, which of these pairs has the highest Feature Pearson value?",
        "Look at frame {part}. Which pair has the largest Feature Pearson correlation?",
        "Which pair is most correlated in the Feature Pearson panel of part {part}?",
        "Read the Feature Pearson panel of frame {part}: for which pair is it most positive?",
        "Stop the video at part {part}. Which pair has the highest Feature Pearson correlation?",
        "By the Feature Pearson panel of part {part}, the spectra of which pair agree best?",
        "In frame {part}, which of the four cells of Feature Pearson shows the largest value?",
        "Whose FFT magnitudes correlate most in part {part} of the video?",
        "Of the pairs below, which is most correlated in Feature Pearson when frame {part} is "
        "shown?",
        "Find the pair with the maximum Feature Pearson correlation in part {part}.",
    ),
    "part_if_shown": (
        "In which part of the video is the Feature Pearson correlation of {a} and {b} largest, if "
        "that can be told?",
        "If you can tell: when do {a} and {b} correlate most in the Feature Pearson panel of the "
        "video?",
        "Can it be told in which part {a} and {b} have their highest Feature Pearson value? Which?",
        "Which of these parts shows the highest Feature Pearson value for {a} and {b}, or can it "
        "not be told?",
        "Say in which part the spectra of {a} and {b} agree best, unless it cannot be told.",
        "From what you are shown, in which part is Feature Pearson of {a} and {b} at its highest?",
        "With what is given, can you say which part has the largest Feature Pearson correlation of "
        "{a} with {b}?",
        "At which of these parts are {a} and {b} most correlated in Feature Pearson, as far as can "
        "be told?",
        "Of the parts below, which has the top Feature Pearson value for {a} and {b}? Say so if "
        "that is not shown.",
        "Find the part in which Feature Pearson of {a} and {b} is maximal, if what is shown tells.",
    ),
    "drift_if_shown": (
        "Over the parts of the video, do {a} and {b} come together or drift apart in Feature DTW, "
        "if that can be told?",
        "If you can tell: which way does the Feature DTW cell of {a} and {b} go from frame to "
        "frame?",
        "Can it be told how the Feature DTW distance of {a} and {b} changes over the frames? How?",
        "What do {a} and {b} do over the parts, by the colours of Feature DTW, or can it not be "
        "told?",
        "Say whether the Feature DTW colour of {a} and {b} moves to near or far over the frames, "
        "unless it cannot be told.",
        "From what you are shown, which trend do {a} and {b} have in Feature DTW over the parts?",
        "With what is given, can you say whether Feature DTW brings {a} and {b} together over the "
        "parts?",
        "From part to part, is the cell of {a} and {b} in Feature DTW falling or rising, as far as "
        "can be told?",
        "What happens between {a} and {b} in Feature DTW during the video? Say so if that is not "
        "shown.",
        "Tell which way the Feature DTW distance of {a} and {b} moves over the parts, if what is "
        "shown tells.",
    ),
    "line_ends": (
        "In the line plot, does {feature} end higher or lower than it begins?",
        "Look at the line of {feature}. Is its last value above or below its first one?",
        "Compare both ends of the line of {feature}. Where is the right one?",
        "Read the line plot: does {feature} finish higher or lower than where it started?",
        "Is {feature} at the last step higher or lower than at step 0, as its line shows?",
        "From its first to its last value, has {feature} gone up or down in the line plot?",
        "By its line, where does {feature} stand at the end of the window, seen from its start?",
        "Take the first and the last point of the line of {feature}. Is the last higher or lower?",
        "Does the line of {feature} end above or below the height at which it begins?",
        "Tell whether the line of {feature} ends higher or lower than it starts.",
    ),
    "line_peak": (
        "In which of these spans does the line of {feature} reach highest?",
        "Look at the line plot. In which span is the highest peak of {feature}?",
        "Where does {feature} have its largest value among these spans, as its line shows?",
        "Read the line plot: which of these spans holds the top value of {feature}?",
        "Four spans are listed. In which one does the line of {feature} rise highest?",
        "By its line, in which of these spans is {feature} at its highest?",
        "Compare the peaks of {feature} in these spans. Which one is the highest?",
        "Which of these spans contains the highest point of the line of {feature}?",
        "Of the spans below, in which does {feature} peak in the line plot?",
        "Find the span in which the line of {feature} has its maximum.",
    ),
    "peak_if_shown": (
        "In which of these spans does the value of {feature} reach highest, if that can be told?",
        "If you can tell: in which span is the highest peak of the values of {feature}?",
        "Can it be told in which of these spans {feature} has its largest value? Which?",
        "Which of these spans holds the top value of {feature}, or can it not be told?",
        "Say in which of these spans {feature} rises highest, unless it cannot be told.",
        "From what you are shown, in which of these spans is the value of {feature} highest?",
        "With what is given, can you say in which of these spans {feature} peaks?",
        "Which of these spans contains the largest value of {feature}, as far as can be told?",
        "Of the spans below, in which does {feature} peak? Say so if that is not shown.",
        "Find the span in which {feature} has its maximum, if what is shown tells.",
    ),
    "same_lines": (
        "Were the figure and the line plot drawn from the same window?",
        "Do the lines show the values behind the figure?",
        "Do figure and line plot belong together?",
        "Is the line plot made of the same rows as the figure?",
        "Compare Time DTW with the lines. Are they of one window?",
        "Could the lines be the values of the window in the figure?",
        "Is this the line plot of this figure?",
        "Where Time DTW shows a change, do the lines change too, so that both are of one window?",
        "Are figure and line plot two views of one window?",
        "Tell whether figure and line plot come from one and the same window.",
    ),
    "extremes": (
        "The values of {feature} are listed. At which of these steps is it {kind}?",
        "At which of these steps does {feature} have its {kind} value?",
        "Look up {feature} at these steps. Where is it {kind}?",
        "Which of these steps has the {kind} value of {feature}?",
        "Compare the values of {feature} at the four steps. Which one is {kind}?",
        "Four steps are offered. At which is {feature} {kind}?",
        "Read the list: at which of these steps is the value of {feature} {kind}?",
        "Of the steps below, at which is {feature} {kind}?",
        "Find the step, among these, at which {feature} is {kind}.",
        "Among the steps offered, where is {feature} {kind}?",
    ),
    "trend": (
        "The values of {feature} are listed. Does it rise, fall or stay level over the window?",
        "Which trend does {feature} have from its first to its last value?",
        "Fit a line to {feature}. Does it rise, fall or stay level?",
        "Over the whole window, where does {feature} go?",
        "By its least-squares line, what does {feature} do?",
        "Judge the trend of {feature} by the values listed.",
        "Does {feature} go up, go down or keep its level, by a straight line through its values?",
        "What is the overall direction of {feature} in these values?",
        "Tell the trend of {feature} over the window.",
        "Put a straight line through the values of {feature}: which way does it run?",
    ),
    "volatility": (
        "The values of {feature} are listed. In which quarter of the window does it vary {kind}?",
        "In which of these spans is the standard deviation of {feature} the one of a column that "
        "varies {kind}?",
        "Compare the quarters of the window. Where does {feature} vary {kind}?",
        "In which quarter do the values of {feature} scatter {kind}?",
        "Over which of these spans does {feature} move {kind}, by its standard deviation?",
        "Read the values of {feature}: which quarter varies {kind}?",
        "Which of these spans has the values of {feature} that differ {kind} from their mean?",
        "By standard deviation, where does {feature} vary {kind}?",
        "Tell the quarter in which {feature} fluctuates {kind}.",
        "Among the four quarters, in which is {feature} spread {kind} around its mean?",
    ),
    "lag": (
        "The values of {feature} are listed. After which of these lags are they most like before?",
        "At which of these lags does {feature} correlate with itself most?",
        "Which of these lags has the largest autocorrelation of {feature}?",
        "By how many steps must {feature} be shifted to agree with itself best?",
        "Compare {feature} with itself some steps later. At which of these lags do both agree "
        "most?",
        "Four lags are listed. At which is the autocorrelation of {feature} largest?",
        "Which of these lags fits the rhythm of {feature} best?",
        "After how many of these steps does {feature} repeat itself most closely?",
        "Of the lags below, at which does {feature} have its highest autocorrelation?",
        "Find the lag at which {feature} agrees best with what it was before.",
    ),
    "ahead_level": (
        "Will {feature} be above, below or within the middle half of its last {recent} values, on "
        "average over the next {steps} steps?",
        "Take the middle half of the last {recent} values of {feature}. Where will the mean of the "
        "next {steps} values lie?",
        "Over the next {steps} steps, will the mean of {feature} lie above, below or within the "
        "middle half of its last {recent} values?",
        "Where will {feature} be on average in the next {steps} steps, seen from the middle half "
        "of its last {recent} values?",
        "Look ahead {steps} steps: is the mean of {feature} above, below or within the middle half "
        "of its last {recent} values?",
        "Between their quartiles lies the middle half of the last {recent} values of {feature}. "
        "Will the next {steps} be above, below or within on average?",
        "Compare the coming {steps} values of {feature}, by their mean, with the middle half of "
        "the last {recent}. Where do they lie?",
        "How will the mean of the next {steps} values of {feature} compare with the middle half of "
        "the last {recent}?",
        "Predict whether {feature} will average above, below or within the middle half of its last "
        "{recent} values in the next {steps} steps.",
        "Of the last {recent} values of {feature} take the middle half. Does the mean of the "
        "{steps} values to come lie above, below or within?",
    ),
    "ahead_quarter": (
        "In which quarter of its range in the window will the mean of the next {steps} values of "
        "{feature} lie? The last {recent} are given.",
        "Cut the range of {feature} in the window into four. Where will its next {steps} values be "
        "on average, after these {recent}?",
        "After these {recent} values, in which quarter of its range will {feature} be on average "
        "over the next {steps} steps?",
        "Look ahead {steps} steps from the last {recent} values: which quarter of its range holds "
        "the mean of {feature}?",
        "Which quarter of the range of {feature} holds the mean of its next {steps} values, after "
        "the last {recent}?",
        "The last {recent} values of {feature} are given. Which quarter of its range will the mean "
        "of the next {steps} fall into?",
        "How high in its range will {feature} be on average over the next {steps} steps, given the "
        "last {recent}?",
        "Where in the range of the window will the mean of the {steps} values of {feature} that "
        "follow these {recent} lie?",
        "Predict the quarter of its range in which {feature} averages over the next {steps} steps, "
        "from its last {recent} values.",
        "Given its last {recent} values, tell the quarter of its range for the mean of {feature} "
        "over the {steps} steps to come.",
    ),
    "ahead_end": (
        "Will {feature} be higher or lower {steps} steps after the last of these {recent} values?",
        "In {steps} steps, is {feature} higher or lower than the last of the {recent} values "
        "given?",
        "Look ahead {steps} steps from the last {recent} values of {feature}. Higher or lower than "
        "the last one?",
        "Compare {feature} {steps} steps ahead with the last of its {recent} values. Which way "
        "does "
        "it go?",
        "After {steps} more steps, does {feature} stand above or below the last of these {recent} "
        "values?",
        "These are the last {recent} values of {feature}. Is it higher or lower {steps} steps on?",
        "Where will {feature} be {steps} steps later, seen from the last of these {recent} values?",
        "Will the value of {feature} {steps} steps from the last of these {recent} be higher or "
        "lower than that?",
        "Predict whether {feature} is higher or lower {steps} steps after these {recent} values.",
        "Given its last {recent} values, tell whether {feature} stands higher or lower after "
        "{steps} more steps.",
    ),
    "forecast": (
        "What are the next {steps} values of {feature}, after these {recent}?",
        "Continue the last {recent} values of {feature} by {steps} more.",
        "Forecast {feature} for the next {steps} steps from its last {recent} values.",
        "Which {steps} values of {feature} follow the last {recent}?",
        "Predict the {steps} values of {feature} that come after these {recent}.",
        "The last {recent} values of {feature} are given. Give the next {steps}.",
        "Look ahead: what does {feature} do in the {steps} steps after these {recent} values?",
        "Write down {steps} values with which {feature} goes on after these {recent}.",
        "Extend the {recent} values of {feature} by their next {steps}.",
        "Given its last {recent} values, what will the {steps} values of {feature} after them be?",
    ),
    "anomaly": (
        "What was put into this copy of the window before it was drawn?",
        "Which of these was done to the copy?",
        "Look at the lines of the copy. What has been altered?",
        "How was this copy altered, if it was?",
        "Which anomaly does the copy have, if any?",
        "Compare the lines with the four anomalies described. Which of them is there?",
        "Read the plot of the copy: which alteration shows in one of its columns, if one does?",
        "Find the anomaly in this copy. What is it?",
        "Of the alterations below, which one does the copy show?",
        "Decide what happened to the copy before it was drawn.",
    ),
    "anomaly_column": (
        "Into which of these columns of the copy was an anomaly put?",
        "Which column of the copy has been altered?",
        "Look at the lines of the copy. Which of these columns has the anomaly?",
        "One of these columns was changed before the copy was drawn. Which one?",
        "Where is the anomaly of this copy: in which column?",
        "Compare the lines of these columns. Which one was altered?",
        "Read the plot of the copy: which of these columns does not show its own values alone?",
        "Which of these columns shows a spike, a level shift, a flat stretch or noise that was put "
        "in?",
        "Of the columns below, which one holds what was put into the copy?",
        "Find the column of the copy that was altered.",
    ),
    "anomaly_span": (
        "In which of these spans was a column of the copy altered?",
        "Which span of the copy holds the anomaly?",
        "Look at the lines of the copy. In which of these spans is the anomaly?",
        "In one of these spans a column was changed before the copy was drawn. In which one?",
        "When does the anomaly of this copy occur?",
        "Compare these spans of the copy. In which one was a column altered?",
        "Read the plot of the copy: in which of these spans does a line not show its own values?",
        "In which of these spans is there a spike, a level shift, a flat stretch or noise that was "
        "put in?",
        "Of the spans below, which one holds what was put into the copy?",
        "Find the span of the copy that was altered.",
    ),
}
"""The wordings by task."""
