/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SOURCE_TREE_RECIPES_H
#define VERIFIER_COVERAGE_SOURCE_TREE_RECIPES_H

#include "verifier/coverage/makefile.h"
#include "verifier/coverage/source_tree_build.h"

/*
 * For source_tree_recipes.c, which reads what commands write, and source_tree_rewrites.c, which
 * finds the texts of the tree that a name may mean. A name is a word of a recipe, in which "$"
 * stands for what is not known; a text that is lost is one whose content is not known any more.
 */

struct recipes {
	struct tree_builder *builder;
	struct makefile makefile;
	size_t line;
	size_t names;
	const char *command;	 /* for what is said */
	char *directory;	 /* of the last `cd`; NULL for the top */
	struct text_list loop;	 /* of `for NAME in WORD…`: the name and the words */
	struct text_list found;	 /* the names that `find` was told to look for */
	bool is_found_elsewhere; /* what it found is of debian/ */
	bool is_first;		 /* the recipe cleans what is as it was unpacked */
};

/* Texts that are the same in every run. */
bool recipe_is_known_text(const char *text, size_t len);
/* Whether the tree has something below it. */
bool recipe_is_directory(const struct source_tree *tree, const char *path);
/* A name of a command as one in the tree, a part of `name`: NULL for one that is outside of it. */
const char *recipe_tree_name(const char *name);
/* Every text of upstream's. */
void recipe_any_lose(struct recipes *recipes);
/* All that a word of a command may name, in each turn of its loop. */
void recipe_file_lose(struct recipes *recipes, const char *word);

#endif
