"""The list of 112 bad inputs and faults: what each is, and the tests that hold what the program does then."""

BAD = "functional/test_bad_input.py"
MORE = "functional/test_more_bad_input.py"
WAVES = "functional/test_bad_waves.py"
REFRESH = "functional/test_refresh.py"
RUN = "functional/test_run.py"
CRASHES = "functional/test_crashes.py"
READERS = "functional/test_readers.py"
SHARDS = "functional/test_shards.py"
STUDY = "unit/test_study.py"
RULES = "unit/test_rules.py"
INVARIANTS = "properties/test_invariants.py"
LOGIT = "properties/test_logit.py"
LIMITS = "unit/test_intervals_and_bands.py"
THIRTY = f"{WAVES}::test_thirty_corrupted_waves__one_a_night"
IMPOSSIBLE = f"{BAD}::test_constant_and_impossible_columns"
FUZZED = "functional/test_fuzzed_files.py::test_mutants__are_read_or_refused_by_name"
KILLED = f"{CRASHES}::test_killed__at_calls_that_change_files"
FAILING = f"{CRASHES}::test_failing_calls"
NO_FILE = f"{REFRESH}::test_what_is_no_file__is_passed_over_with_a_note"
NAMES = f"{REFRESH}::test_names__are_never_sent_raw_to_a_terminal"
GROUPS = f"{MORE}::test_groups_of_nobody_one_and_two__are_rows_with_a_reason"
SOURCES = f"{MORE}::test_sources_that_are_no_files_of_records"
MEASURE = f"{MORE}::test_study_out_of_all_measure"
CONTRADICTIONS = f"{BAD}::test_contradictions_in_a_study"
RULE = f"{RULES}::test_rule__is_refused_with_reason"
DIED = f"{READERS}::test_run__refuses_a_file_that_kills_its_reader"

# Number -> (what is bad, tests). The numbers are those of goal G10 in docs/trust.md.
BAD_INPUTS = {
    # Files
    1: ("an empty file", f"{BAD}::test_empty_file", THIRTY),
    2: ("a header and no records", f"{BAD}::test_header_only", THIRTY),
    3: ("a Stata file that is cut off", THIRTY, FUZZED),
    4: ("a header of 2^31 rows", f"{MORE}::test_header_of_more_rows_than_the_file_holds"),
    5: ("a flipped bit", f"{WAVES}::test_checksum_beside_a_file__is_believed", FUZZED),
    6: ("another format than the name says", f"{BAD}::test_unreadable_file", THIRTY),
    7: ("an unknown release of Stata", f"{MORE}::test_unknown_stata_release"),
    8: ("Parquet with a damaged footer", THIRTY),
    9: ("Parquet with a damaged page", THIRTY),
    10: ("a file that ends the process of its reader", DIED),
    11: ("text with NUL bytes", THIRTY),
    12: (
        "text in another encoding",
        "unit/test_encoding_and_extends.py::test_texts__are_found_in_their_encoding",
        "unit/test_encoding_and_extends.py::test_bytes_of_no_encoding__are_not_guessed",
        f"{RUN}::test_windows_notepad__puts_a_mark_before_the_text",
    ),
    13: (
        "a row of more cells than columns, or of fewer",
        f"{BAD}::test_unreadable_file",
        THIRTY,
        "unit/test_short_rows.py::test_short_row__is_refused_with_its_place",
    ),
    14: ("a quote that is not closed", THIRTY),
    15: ("mixed ends of lines", f"{MORE}::test_ends_of_lines__are_no_values"),
    16: ("a very long line", f"{MORE}::test_line_of_three_million_characters__is_not_repeated"),
    17: ("a bomb in gzip", "unit/test_encoding_and_extends.py::test_bomb__is_not_unpacked_to_its_end"),
    18: ("an archive with ../", f"{MORE}::test_archive__writes_nothing_beside_its_scratch_folder"),
    19: ("a file that is still copied", f"{REFRESH}::test_growing_file__is_left_for_the_next_night"),
    20: ("a file that may not be read", f"{MORE}::test_file_that_may_not_be_read"),
    21: ("a symbolic link", NO_FILE),
    22: ("a pipe or a device", NO_FILE, "unit/test_text_cells.py::test_pipe_as_merged_file__is_refused"),
    23: ("a folder with the name of a file", NO_FILE),
    24: ("a name with odd characters", NAMES, f"{REFRESH}::test_name_with_brackets__is_a_name"),
    25: (
        "two files of one wave",
        f"{REFRESH}::test_file_for_two_waves__is_refused",
        f"{REFRESH}::test_bad_copy__that_sorts_first_takes_nothing_away",
        THIRTY,
    ),
    26: ("one file under two names", f"{REFRESH}::test_same_content_twice__counts_once"),
    27: ("a shorter revision", f"{REFRESH}::test_shorter_revision__needs_a_word"),
    28: (
        "a wave that is gone",
        f"{WAVES}::test_ten_nights_of_brfss",
        f"{REFRESH}::test_empty_inbox__is_no_withdrawal",
    ),
    # Columns and values
    29: ("no column of weights", f"{BAD}::test_unknown_weight_column"),
    30: ("columns that differ in case only", f"{BAD}::test_columns_that_differ_only_in_case", THIRTY),
    31: ("text among numbers", f"{BAD}::test_text_where_a_number_belongs", THIRTY),
    32: ("decimal commas", "unit/test_formats.py::test_semicolons__are_told_and_read"),
    33: ("missing values of Stata", f"{RUN}::test_stata_missing_codes_and_spss_ranges__are_understood"),
    34: ("missing values of SPSS", f"{RUN}::test_stata_missing_codes_and_spss_ranges__are_understood"),
    35: (
        "NaN and infinity",
        f"{MORE}::test_nan__is_a_missing_value",
        f"{BAD}::test_text_that_python_would_take_for_a_number",
        THIRTY,
    ),
    36: ("-0.0", f"{MORE}::test_numbers_at_the_ends_of_the_range"),
    37: ("denormal numbers", f"{INVARIANTS}::test_denormal_weights__keep_their_digits"),
    38: (
        "numbers of 1e300",
        f"{MORE}::test_numbers_at_the_ends_of_the_range",
        f"{INVARIANTS}::test_extreme_weights__are_only_another_unit",
    ),
    39: ("ids above 2^53", f"{RUN}::test_ids__are_neither_rounded_nor_merged"),
    40: ("labels that change", f"{REFRESH}::test_labels__that_change_their_meaning_are_told"),
    41: ("a new category", f"{BAD}::test_unknown_level__names_codes_of_many_people_only", THIRTY),
    42: ("an outcome of other codes", f"{MORE}::test_outcome_of_other_codes"),
    43: ("an outcome outside its bounds", f"{BAD}::test_outcome_outside_its_bounds"),
    44: ("an age of -1", THIRTY),
    45: ("blanks around a code", f"{MORE}::test_blanks_around_a_code__do_not_make_another"),
    46: ("dates that are none", "unit/test_text_cells.py::test_text_that_is_no_date"),
    47: ("a blank column", THIRTY),
    48: ("a group without a known value", GROUPS),
    # Weights and design
    49: ("negative weights", f"{BAD}::test_one_negative_weight__is_refused_by_row", THIRTY),
    50: ("weights of 0", f"{RUN}::test_weight_zero__counts_nowhere"),
    51: ("a group of weights of 0", GROUPS, IMPOSSIBLE),
    52: ("missing weights", IMPOSSIBLE, THIRTY),
    53: ("a record with nearly all the weight", f"{MORE}::test_record_with_most_of_the_weight__is_a_warning"),
    54: (
        "weights in any unit",
        f"{INVARIANTS}::test_extreme_weights__are_only_another_unit",
        f"{INVARIANTS}::test_doubled_weights__give_the_same_bits",
    ),
    55: ("a stratum of one PSU", f"{BAD}::test_single_psu_in_a_stratum"),
    56: ("a PSU in two strata", f"{BAD}::test_cluster_in_two_strata"),
    57: ("a missing stratum or PSU", IMPOSSIBLE, THIRTY),
    58: (
        "one PSU in all",
        f"{MORE}::test_design_of_a_single_psu",
        f"{LIMITS}::test_group_of_one_cluster__has_no_standard_error_anywhere",
    ),
    59: ("a population below its sample", f"{MORE}::test_sample_of_more_units_than_its_population"),
    60: (
        "replicate weights that tell nothing",
        f"{MORE}::test_replicate_weights_that_tell_nothing",
        f"{RUN}::test_replicate_weights__are_matched_by_name_and_may_not_differ",
    ),
    # Statistics without an answer
    61: ("a constant outcome", IMPOSSIBLE, f"{RUN}::test_one_constant_outcome__does_not_lose_the_others"),
    62: (
        "a mean of 0",
        f"{INVARIANTS}::test_a_mean_that_only_rounding_keeps_from_0__has_no_relative_index",
    ),
    63: ("all ranks equal", IMPOSSIBLE),
    64: ("many ties", f"{INVARIANTS}::test_row_order__does_not_matter"),
    65: ("groups of one and two people", GROUPS),
    66: (
        "one group only",
        "properties/test_disparity.py::test_parts__of_one_group_lie_within_it_and_people_alike_differ_between",
    ),
    67: (
        "an empty reference group",
        "properties/test_regression.py::test_reference_without_any__makes_all_ratios_infinite",
        f"{LOGIT}::test_separation__by_the_reference_leaves_the_other_variables",
    ),
    68: ("negative outcomes", f"{INVARIANTS}::test_a_share_of_negative_parts__is_doubtful"),
    69: ("entropy of 0", "properties/test_disparity.py::test_undefined__has_a_status_and_no_number"),
    70: ("a ratio over 0", "properties/test_disparity.py::test_undefined__has_a_status_and_no_number"),
    71: ("separation", f"{LOGIT}::test_separation__is_named_and_the_rest_is_estimated_without_it"),
    72: ("separation by a number", f"{LOGIT}::test_separation__by_a_number_is_found"),
    73: ("collinear columns", f"{LOGIT}::test_collinear_columns__are_named"),
    74: (
        "a constant covariate",
        "properties/test_regression.py::test_combination_of_other_columns__is_a_status",
        f"{LOGIT}::test_collinear_columns__are_named",
    ),
    75: (
        "a variance of 0",
        "properties/test_multilevel.py::test_variance_that_is_not_there__is_0_at_the_boundary",
    ),
    76: (
        "no convergence",
        "oracle/test_logit.py::test_step_that_leaves_the_coefficients__is_no_maximum",
        "oracle/test_decomposition.py::test_identity_link__tells_a_maximum_on_the_boundary",
    ),
    77: ("replicates without events", f"{LIMITS}::test_replicate_without_events__is_undefined_and_counted"),
    78: (
        "fewer replicates than an interval needs",
        f"{STUDY}::test_bootstrap__faults",
        f"{BAD}::test_too_few_replicates_on_the_command_line",
    ),
    79: (
        "quantiles among ties",
        "unit/test_derive.py::test_quantiles__hold_equal_weight_and_keep_ties_together",
    ),
    80: ("a large offset", f"{INVARIANTS}::test_an_offset__costs_no_digit_of_intervals_by_psus"),
    81: ("half a million people alike", f"{MORE}::test_half_a_million_people_alike__have_no_rank"),
    82: ("rows in another order", "functional/test_row_order.py::test_row_order__changes_no_bit"),
    # Study files
    83: ("an unknown key", f"{STUDY}::test_fault__names_place_finding_and_remedy"),
    84: ("a key twice", f"{STUDY}::test_broken_toml__names_the_cause"),
    85: ("a value of another type", f"{STUDY}::test_no_phrase_of_pydantic__reaches_a_reader"),
    86: ("a path to what is no data", SOURCES),
    87: ("a rule that attacks", RULE),
    88: ("a rule that compares names with numbers", RULE),
    89: ("a rule that leaves nobody", f"{BAD}::test_rule_that_leaves_nobody__is_named"),
    90: (
        "a rule that leaves few people",
        "functional/test_disclosure.py::test_sample_of_few_people__is_not_told",
    ),
    91: ("a seed that is none", MEASURE, f"{STUDY}::test_seed__defaults_to_a_number_of_the_name"),
    92: ("a billion replicates", MEASURE),
    93: (
        "labels that inject",
        "functional/test_report.py::test_report__escapes_what_the_study_says",
        "functional/test_table_files.py::test_csv__gives_spreadsheets_no_formula",
    ),
    94: ("a study of 5 MB", MEASURE, f"{BAD}::test_study_nested_too_deeply"),
    95: (
        "two studies of one name",
        f"{REFRESH}::test_folders__that_are_no_store_of_this_study",
        f"{RUN}::test_replaced_run__is_of_the_same_study_only",
    ),
    # Faults while it runs
    96: ("a kill at a call that changes a file", KILLED),
    97: ("a full disk", f"{CRASHES}::test_full_disk", FAILING),
    98: ("a failing fsync", FAILING),
    99: (
        "a store that cannot be written",
        "functional/test_damaged_store.py::test_store_of_another_user__has_its_own_remedy",
    ),
    100: ("a store that disappears", f"{MORE}::test_store_that_disappears_in_the_night"),
    101: (
        "a store or run of a newer program",
        f"{REFRESH}::test_folders__that_are_no_store_of_this_study",
        "functional/test_older_runs.py::test_unknown_format__is_refused",
    ),
    102: ("the lock of a dead process", f"{REFRESH}::test_lock_of_a_dead_process__is_free"),
    103: ("an interrupt", f"{BAD}::test_interrupt_in_the_middle_of_replicates__leaves_nothing"),
    104: ("a killed worker", f"{SHARDS}::test_workers__that_are_killed_change_no_bit"),
    105: ("a file that kills every reader", DIED, f"{REFRESH}::test_reader_that_dies__is_no_verdict"),
    106: ("a scheduler that is not there", f"{SHARDS}::test_scheduler__that_is_not_there"),
    107: (
        "a forked process, a missing layer of threads",
        "unit/test_public_api.py::test_forked_process__is_told_to_spawn",
        "unit/test_signs_of_life.py::test_layer_that_is_not_installed",
    ),
    108: (
        "a cache of another user",
        f"{MORE}::test_cache_of_another_user__is_refused",
        f"{MORE}::test_cache_that_everybody_may_write__is_refused",
    ),
    109: ("a pickle as data", SOURCES),
    110: ("wrong clocks", "functional/test_clocks.py::test_nights_with_wrong_clocks__change_nothing"),
    111: (
        "few open files, no home, no network",
        "functional/test_without_network.py::test_commands__need_no_network",
    ),
    112: (
        "what a dead process has spilled",
        "functional/test_file_calls.py::test_temporary_files_of_a_dead_process__are_removed",
        "unit/test_panel_cache.py::test_abandoned_panel__is_swept_and_a_fresh_one_is_not",
    ),
}
